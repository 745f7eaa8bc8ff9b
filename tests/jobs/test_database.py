import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from jobs.database import Database, migrate
from jobs.errors import Unavailable
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.schema import metadata
from jobs.specs import SpeechSpec


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        for table in metadata.tables.values():
            assert connection.execute(select(table)).all() == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database.engine.url.render_as_string(hide_password=False))


def test_processes_that_start_at_once_migrate_once(settings: object, postgres_url: str, tmp_path: Path) -> None:
    variables = os.environ | {"VOXHALL_DATABASE_URL": postgres_url, "VOXHALL_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "cli", "migrate"]
    started = [subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0)] * 3


def test_a_newer_ledger_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer Voxhall"):
        migrate(database.engine.url.render_as_string(hide_password=False))


def test_a_ledger_out_of_reach_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/ledger.db", f"postgresql+psycopg://voxhall@/x?host={tmp_path}"):
        with pytest.raises(Unavailable):
            migrate(url)


def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    def forget_and_fail() -> None:
        with database.write() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        forget_and_fail()
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_errors_do_not_quote_what_callers_sent(database: Database) -> None:
    spec = SpeechSpec(text="A private sentence.", voice="af_heart")
    key = Keys(database).create("caller")[0]

    def add() -> None:
        Ledger(database).add(job_id="1", key_id=key.id, dialect="voxhall", spec=spec, interactive=False)

    add()
    with pytest.raises(IntegrityError) as caught:
        add()
    assert "private" not in str(caught.value)


def test_a_read_waits_for_no_writer(database: Database) -> None:
    read = text("SELECT count(*) FROM keys")
    with database.write() as writer, database.read() as reader:
        writer.execute(text("DELETE FROM keys"))
        assert reader.execute(read).scalar_one() == 0
