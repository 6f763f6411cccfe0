"""Settings: read from the environment and files, refused with variable and rule, documented."""

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from engine.cli import main
from engine.cli.settings import as_markdown
from engine.errors import CallerError
from engine.settings import (
    CHECKOUT,
    MOST_FILE_BYTES,
    OTHERS_READ,
    Settings,
    documented,
    read_settings,
)


def _refused(**environ: str) -> list[str]:
    with pytest.raises(CallerError) as refusal:
        read_settings({f"GROSCHEN_{name}": text for name, text in environ.items()})
    return str(refusal.value).splitlines()


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({"PATH": "/usr/bin"})
    assert settings.config == CHECKOUT / "config"
    assert settings.database == f"sqlite:///{CHECKOUT}/var/run/engine-1/ledger.sqlite3"
    assert settings.ari_url is None
    assert settings.log_numbers == "masked"


def test_variables_are_read_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "GROSCHEN_ENGINE": "eng-7",
            "GROSCHEN_VAR": str(tmp_path),
            "GROSCHEN_SIP_PORT": "0",
            "GROSCHEN_STORE_URL": "",
            "GROSCHEN_LOG_FORMAT": "json",
        }
    )
    assert settings.run_folder == tmp_path / "run" / "eng-7"
    assert (settings.sip_port, settings.store_url, settings.log_format) == (0, None, "json")


def test_any_setting_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" hunter2\n")
    (tmp_path / "url").write_text("redis://store:6379\n")
    settings = read_settings(
        {
            "GROSCHEN_ARI_PASSWORD_FILE": str(tmp_path / "password"),
            "GROSCHEN_STORE_URL_FILE": str(tmp_path / "url"),
        }
    )
    assert settings.ari_password is not None
    assert settings.ari_password.get_secret_value() == "hunter2"
    assert settings.store_url == "redis://store:6379"


def test_secrets_are_in_no_representation() -> None:
    settings = read_settings({"GROSCHEN_ARI_PASSWORD": "hunter2", "GROSCHEN_DATABASE_URL": "x:y@z"})
    assert "hunter2" not in repr(settings)
    assert "x:y@z" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("ENGINE", "Engine 1", "must match pattern '^[a-z0-9][a-z0-9-]{0,30}$'"),
        ("SIP_PORT", "70000", "must be less than or equal to 65535"),
        ("AMI_PORT", "5038x", "must be a valid integer, unable to parse string as an integer"),
        ("LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("ARI_URL", "127.0.0.1:8088", r"must match pattern '^https?://[^\s/]+'"),
    ],
)
def test_a_wrong_value_is_named_with_its_rule(name: str, text: str, rule: str) -> None:
    assert _refused(**{name: text}) == [f"GROSCHEN_{name}: {rule}"]


def test_all_mistakes_are_told_at_once() -> None:
    told = _refused(SIP_PORT="x", LOG_LEVL="info", ENGINE="")
    assert [line.partition(":")[0] for line in told] == ["GROSCHEN_LOG_LEVL", "GROSCHEN_SIP_PORT"]


def test_a_misspelt_variable_is_a_mistake() -> None:
    assert _refused(LOG_LEVL="info") == [
        "GROSCHEN_LOG_LEVL: is not read; did you mean GROSCHEN_LOG_LEVEL?"
    ]
    assert _refused(XYZ="1") == ["GROSCHEN_XYZ: is not read"]


def test_a_refused_value_is_not_repeated() -> None:
    assert "hunter2" not in "".join(_refused(SIP_PORT="hunter2"))


def test_variables_of_scripts_are_no_mistake() -> None:
    assert read_settings(dict.fromkeys(OTHERS_READ, "x"))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", f"must name a file of 1 to {MOST_FILE_BYTES} bytes"),
        (b"x" * (MOST_FILE_BYTES + 1), f"must name a file of 1 to {MOST_FILE_BYTES} bytes"),
        (b"\xff", "must name a file of UTF-8 text"),
    ],
    ids=["missing", "empty", "large", "binary"],
)
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes | None, rule: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    assert _refused(AMI_SECRET_FILE=str(path)) == [f"GROSCHEN_AMI_SECRET_FILE: {rule}"]


def test_a_value_and_a_file_for_it_contradict_each_other(tmp_path: Path) -> None:
    assert _refused(AMI_SECRET="a", AMI_SECRET_FILE=str(tmp_path)) == [
        "GROSCHEN_AMI_SECRET_FILE: is given beside GROSCHEN_AMI_SECRET; give one of the two"
    ]


# --- documentation ---------------------------------------------------------------------------


def test_every_setting_is_explained() -> None:
    assert len(documented()) == len(Settings.model_fields)
    assert all(setting.meaning for setting in documented())


def test_the_table_in_the_readme_is_true() -> None:
    readme = (CHECKOUT / "config" / "README.md").read_text()
    head = as_markdown().splitlines()[0]
    lines = readme[readme.index(head) :].splitlines()
    table = "\n".join(takewhile(lambda line: line.startswith("|"), lines))
    assert table == as_markdown(), "put in the table of: groschen settings --markdown"


def test_containers_set_only_what_is_read() -> None:
    compose: Any = YAML(typ="safe", pure=True).load(CHECKOUT / "docker" / "compose.yaml")
    known = {setting.variable for setting in documented()} | set(OTHERS_READ)
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            if name.startswith("GROSCHEN_"):
                assert known & {name, name.removesuffix("_FILE")}, name


def test_scripts_read_only_what_is_known() -> None:
    known = {setting.variable for setting in documented()} | set(OTHERS_READ)
    for path in (CHECKOUT / "scripts").iterdir():
        if path.is_file():
            assert set(re.findall(r"GROSCHEN_[A-Z]+(?:_[A-Z]+)*", path.read_text())) <= known, path


# --- commands --------------------------------------------------------------------------------


def test_settings_in_force_are_shown_without_secrets() -> None:
    environ = {
        "GROSCHEN_ARI_PASSWORD": "hunter2",
        "GROSCHEN_STORE_URL": "redis://:hunter2@store:6379",
        "GROSCHEN_SIP_PORT": "5070",
    }
    result = CliRunner(env=environ).invoke(main, ["settings"], catch_exceptions=False)
    shown = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert result.exit_code == 0
    assert shown["GROSCHEN_ARI_PASSWORD"] == "(set)"
    assert shown["GROSCHEN_AMI_SECRET"] == "(not set)"
    assert shown["GROSCHEN_STORE_URL"] == "redis://***@store:6379"
    assert shown["GROSCHEN_SIP_PORT"] == "5070"
    assert "hunter2" not in result.stdout


def test_a_wrong_setting_is_one_sentence_and_exit_code_1() -> None:
    result = CliRunner(env={"GROSCHEN_SIP_PORT": "x"}).invoke(main, ["settings"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: GROSCHEN_SIP_PORT: must be a valid integer")
    assert "Traceback" not in result.stderr
