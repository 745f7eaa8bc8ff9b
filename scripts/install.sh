#!/usr/bin/env bash
# Makes the virtual environment and installs the pinned dependencies: scripts/install.sh VENV EXTRAS
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 extras=${2:-}
torch=2.13.0
cpu_index=${TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}

fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'
pick_python() {
  local candidate
  for candidate in python3.12 python3.11 python3; do
    if "$candidate" -c "$fits" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Voxhall needs Python 3.11 or 3.12 with venv (kokoro refuses 3.13). On Debian or Ubuntu: apt install python3.11 python3.11-venv" >&2
  return 1
}

if ! "$venv/bin/python" -c "$fits" 2>/dev/null; then
  python=$(pick_python)
  echo "Making $venv with $($python --version)"
  "$python" -m venv --clear "$venv"
fi
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt)

if nvidia-smi >/dev/null 2>&1; then
  echo "Installing Voxhall for CUDA"
  extras="${extras:+$extras,}cuda"
elif ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
  # The build without CUDA saves several GB. Where pip does not know it by itself, PyTorch's own index has it.
  echo "Installing torch $torch for the CPU"
  "${pip[@]}" "torch==$torch+cpu" 2>/dev/null || "${pip[@]}" "torch==$torch+cpu" --index-url "$cpu_index"
fi
echo "Installing Voxhall's dependencies"
"${pip[@]}" --editable ".${extras:+[$extras]}"
"${pip[@]}" --no-deps --requirement requirements-no-deps.txt

# torchaudio's libraries are built for CUDA, and transformers imports it wherever it is. Beside a torch for the CPU it goes
# without them: the resampling that torchfcpe wants is plain Python.
if "$venv/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is not None)'; then
  "${pip[@]}" --no-deps torchaudio
  rm -f "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')"/torchaudio/lib/*.so
fi
