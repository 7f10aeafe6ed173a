"""Grades are computed from what a provider has, and what it claims our tests have to show."""

import importlib.util
import re
from pathlib import Path
from typing import Final

import pytest

from jackfield.cli.provider_page import provider_page
from jackfield.domain.grade import Grade, abilities, grade_of, missing
from jackfield.domain.provider import Check
from support.recorded import CLASSES, cases
from support.recorded_oauth import oauth_cases

ROOT: Final = Path(__file__).parents[2]
#: modules of tests that say with COVERS whose conversations they check, and against what
SHOWN_BY: Final = {
    Check.EMULATOR: ("test_emulator", "test_emulator_slack"),
    Check.DESCRIPTION: ("test_adf", "test_descriptions", "test_vendor_types"),
}
#: vendors' names outside providers/: the enum of two published contracts, and what the demo connects
NAMED_ELSEWHERE: Final = {
    "web/dialects/integrations/schemas.py",
    "web/dialects/organisations/schemas.py",
    "cli/demo.py",
    "cli/demo_tour.py",
    "cli/demo_items.py",
    "cli/demo_vendors.py",
}


def shown(check: Check) -> set[str]:
    found: set[str] = set()
    for name in SHOWN_BY[check]:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"shown_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.COVERS
    return found


@pytest.mark.parametrize("slug", CLASSES)
def test_every_provider_is_silver_or_better(slug: str) -> None:
    manifest = CLASSES[slug].manifest
    grade = grade_of(manifest, abilities(CLASSES[slug]))
    assert grade in {Grade.SILVER, Grade.GOLD}, missing(manifest, abilities(CLASSES[slug]))


def test_at_least_six_are_gold() -> None:
    gold = [slug for slug, one in CLASSES.items() if grade_of(one.manifest, abilities(one)) is Grade.GOLD]
    assert len(gold) >= 6, gold


@pytest.mark.parametrize("check", Check)
def test_what_a_provider_claims_to_be_checked_against_a_test_checks(check: Check) -> None:
    claimed = {slug for slug, one in CLASSES.items() if check in one.manifest.checks}
    assert claimed
    assert claimed <= shown(check)


@pytest.mark.parametrize("slug", CLASSES)
def test_what_a_provider_can_do_is_recorded(slug: str) -> None:
    called = {one.call for one in (*cases(slug), *oauth_cases(slug))}
    assert abilities(CLASSES[slug]) == called


@pytest.mark.parametrize("slug", CLASSES)
def test_its_page_is_made_from_its_manifest(slug: str) -> None:
    page = ROOT / "docs" / "providers" / f"{slug}.md"
    manifest = CLASSES[slug].manifest
    assert page.read_text(encoding="utf-8") == provider_page(manifest, abilities(CLASSES[slug])), "run `make docs`"


def test_there_is_no_page_of_a_provider_that_is_not_there() -> None:
    assert {path.stem for path in (ROOT / "docs" / "providers").glob("*.md")} == set(CLASSES)


def test_nobody_but_the_providers_knows_a_vendors_name() -> None:
    names = re.compile(r"\b(" + "|".join(CLASSES) + r")\b", re.IGNORECASE)
    source = ROOT / "src" / "jackfield"
    telling = {
        path.relative_to(source).as_posix()
        for path in [*source.rglob("*.py"), *source.rglob("*.sql"), *source.rglob("*.html")]
        if "providers" not in path.relative_to(source).parts[:1] and names.search(path.read_text(encoding="utf-8"))
    }
    assert telling == NAMED_ELSEWHERE
