"""The files of the production shape, held to what `docker/README.md` promises of them.

No container is run: form and promises are checked, and the script that makes the secrets for real.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from engine.settings import PREFIX, Settings

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(DOCKER / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert not {"privileged", "cap_add", "devices"} & set(service)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"render", "asterisk"}))
def test_services_that_stay_have_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_images_built_here_that_stay_have_a_health_check() -> None:
    assert "HEALTHCHECK" in (DOCKER / "asterisk.Dockerfile").read_text()


def test_only_sip_and_rtp_are_published_and_pages_and_grafana_to_this_machine() -> None:
    published = {port for service in SERVICES.values() for port in service.get("ports", [])}
    world = {"5060:5060/udp", "10000-10199:10000-10199/udp"}
    assert published == world | {"127.0.0.1:8080:8080", "127.0.0.1:3000:3000"}


def test_store_and_books_have_no_way_out_and_the_engine_one() -> None:
    networks = COMPOSE["networks"]
    for name in ("valkey", "postgres"):
        assert all(networks[network]["internal"] for network in SERVICES[name]["networks"])
    ways_out = [
        n for n in SERVICES["engine"]["networks"] if not (networks[n] or {}).get("internal")
    ]
    assert ways_out == ["web"]


def test_images_are_pinned() -> None:
    foreign = [s["image"] for s in SERVICES.values() if "build" not in s]
    bases = [
        line.split()[1]
        for file in DOCKER.glob("*.Dockerfile")
        for line in file.read_text().splitlines()
        if line.startswith("FROM ")
    ]
    assert len(bases) == 2
    assert all(re.search(r":[\w.-]+$", image) for image in foreign + bases)
    assert not [image for image in foreign + bases if image.endswith(":latest")]


def test_every_secret_is_declared_and_used() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    named = set(re.findall(r"/run/secrets/(\w+)", (DOCKER / "compose.yaml").read_text()))
    assert used == set(COMPOSE["secrets"]) == named


def test_make_secrets_makes_them_all_and_keeps_what_is_there(tmp_path: Path) -> None:
    script = shutil.copy(DOCKER / "make-secrets", tmp_path)
    subprocess.run([script], check=True, capture_output=True)
    first = {p.name: p.read_text() for p in (tmp_path / "secrets").iterdir() if p.is_file()}
    subprocess.run([script], check=True, capture_output=True)
    second = {p.name: p.read_text() for p in (tmp_path / "secrets").iterdir() if p.is_file()}
    assert first == second
    assert set(first) == set(COMPOSE["secrets"])
    assert first["postgres_password"] in first["database_url"]
    assert len(set(first.values())) == len(first)


OF_OTHERS = {"smtp_password"}
"""Secrets of somebody else's server: whoever uses one puts it in."""


def test_the_engine_is_given_settings_that_it_has() -> None:
    """A secret may be given as a file; every other name is the setting's own."""
    secret = {n for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    known = set(Settings.model_fields) | {f"{name}_file" for name in secret}
    given = {name.removeprefix(PREFIX).lower() for name in SERVICES["engine"]["environment"]}
    assert given <= known
    assert {f"{name}_file" for name in secret - OF_OTHERS} <= given


def test_the_engine_has_a_voice() -> None:
    """Else it could take no price that was never said."""
    image = (DOCKER / "engine.Dockerfile").read_text()
    assert {"libttspico0t64", "libttspico-data"} <= set(image.split())


def _mounts(name: str) -> dict[str, str]:
    """Where a service has each volume, `:ro` too."""
    return dict(volume.split(":", 1) for volume in SERVICES[name]["volumes"])


def test_what_the_engine_writes_outlives_it_and_asterisk_sees_it() -> None:
    engine, asterisk = _mounts("engine"), _mounts("asterisk")
    given = SERVICES["engine"]["environment"]
    assert engine["asterisk"] == asterisk["asterisk"] == given["GROSCHEN_ASTERISK_FOLDER"]
    image = (DOCKER / "engine.Dockerfile").read_text()
    var = re.search(r"GROSCHEN_VAR=(\S+)", image)
    assert var is not None
    rendered = f"{var[1]}/sounds"
    assert engine["prompts"] == rendered
    assert asterisk["prompts"] == f"{rendered}:ro"
    home = re.search(r"WORKDIR (\S+)", image)
    assert home is not None
    for lang in ("de", "en"):
        assert engine[f"recordings-{lang}"] == f"{home[1]}/sounds/{lang}/custom"
    assert engine["statements"] == given["GROSCHEN_STATEMENTS"]
    assert f"COPY sounds {home[1]}/sounds" in (DOCKER / "asterisk.Dockerfile").read_text()


def test_what_is_kept_is_the_engines_own_and_lies_on_no_tmpfs() -> None:
    """A fresh volume is its image's folder, whoever that belongs to."""
    image = (DOCKER / "engine.Dockerfile").read_text()
    made = {
        path
        for line in re.findall(r"install -d -o groschen -g groschen (.+)", image)
        for path in line.split()
    }
    kept = {place for place in _mounts("engine").values() if not place.endswith(":ro")}
    assert {place.removeprefix("/opt/groschen/") for place in kept} <= made
    passing = {place.split(":")[0] for place in SERVICES["engine"]["tmpfs"]}
    assert not [place for place in kept if any(Path(place).is_relative_to(p) for p in passing)]
