"""What the dashboard serves: vendored files as recorded, own ones that need nothing else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

STATIC: Path = settings.BASE_DIR / "static"
TEMPLATES: Path = settings.BASE_DIR / "templates"
OWN = sorted([*STATIC.glob("*.js"), *STATIC.glob("*.css")])
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))


def test_vendored_files_are_as_recorded() -> None:
    vendor = STATIC / "vendor"
    lines = (vendor / "checksums.txt").read_text().splitlines()
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
    recorded = {(vendor / line.split()[1]).resolve() for line in lines}
    shipped = {path for path in vendor.rglob("*") if path.suffix in {".css", ".js", ".woff2"}}
    assert shipped <= recorded


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_own_files_need_nothing_from_outside(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://(?!\$)", text)
    assert "!important" not in text.split("*/", 1)[1]
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("name", PAGES)
def test_templates_hold_no_script_and_no_style(name: str) -> None:
    source = (TEMPLATES / name).read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|hx-on", source)
    assert "|safe" not in source
    get_template(name)


def test_every_icon_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons.svg").read_text()
    used = set()
    for name in PAGES:
        used |= set(re.findall(r'{% icon "([\w-]+)"', (TEMPLATES / name).read_text()))
    assert {name for name in used if f'id="{name}"' not in sprite} == set()
