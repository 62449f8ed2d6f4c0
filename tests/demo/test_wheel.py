"""The wheel is whole: installed into an empty environment, outside the checkout, it explains itself and runs the demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run outside the checkout, with nothing of its environment but PATH."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("borderwatch-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of an environment that holds the wheel; its dependencies are lent by the running environment."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    assert run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=folder).returncode == 0
    python = environment / "bin" / "python"
    done = run(
        *(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ),
        *("--no-deps", "--no-index", wheel),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    (packages,) = environment.glob("lib/python*/site-packages")
    # A .pth line adds a folder without obeying the .pth files in it, so the checkout stays out.
    (packages / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    where = run(python, "-c", "import jobs, settings; print(jobs.__file__, settings.__file__)", cwd=folder)
    assert all(part.startswith(str(packages)) for part in where.stdout.split()), where.stdout + where.stderr
    return environment / "bin" / "borderwatch"


def test_wheel_holds_presets_and_the_page_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        str(path.relative_to(ROOT))
        for room in ("crawler", "jobs", "presets", "storage", "text", "web")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped <= names
    assert "presets/demo/truth.json" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "deploy/"))]
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)


def test_help_explains_itself_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for command in (
        "init",
        "run",
        "crawl",
        "recrawl",
        "sources",
        "topics",
        "alerts",
        "why",
        "status",
        "demo",
    ):
        assert command in done.stdout
        assert run(installed, command, "--help", cwd=tmp_path).returncode == 0


def test_demo_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    # A folder with the name of a room in the current directory must not stand before the installed one.
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("raise SystemExit('the wrong jobs')\n", encoding="utf-8")
    done = run(installed, "demo", "--once", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["alerts"]
    assert document["crawl"]["errors"] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"jobs"}, "the demo left something behind"
