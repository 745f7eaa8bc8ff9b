"""Qwen3-TTS 12 Hz by the package `qwen-tts-compat`: cloning, voices by description, and nine voices of its own."""
