"""Setting up: which Python `make` takes, when .venv is made anew, and how a command gets into it."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from sequtils import environment, paths

# All that a command needs before set-up.
BARE = ("__init__", "__main__", "arithmetic", "environment", "files", "paths", "schemas", "stopping", "terminal")
no_shell = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def script(path, body):
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def make(folder, *arguments):
    """What `make -n` would do with only the programs in folder/bin, in a folder without .venv."""
    (folder / "bin" / "sh").symlink_to("/bin/sh")
    command = [shutil.which("make"), "-n", "-f", str(paths.ROOT / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, env={"PATH": str(folder / "bin")}, capture_output=True, text=True)


@no_shell
@pytest.mark.parametrize(("there", "taken"), [
    ({"python3": "exit 0", "python3.11": "exit 0", "python3.13": "exit 0"}, "python3.13"),
    ({"python3.14": "exit 1", "python3.12": "exit 0"}, "python3.12"),  # found, and of no use
    ({"python3.11": "exit 1", "python3": "exit 0"}, "python3"),
    ({"python3": "exit 0", "uv": ""}, "python3"),
    ({"python3": "exit 1", "uv": ""}, "uv run --no-project python"),
])
def test_make_takes_the_newest_suitable_python_else_uv(tmp_path, there, taken):
    for name, body in there.items():
        script(tmp_path / "bin" / name, body)
    assert make(tmp_path, "report").stdout.strip() == f"{taken} -m sequtils report"


@no_shell
def test_make_takes_the_python_that_it_is_given(tmp_path):
    script(tmp_path / "bin" / "python3.13", "exit 0")
    told = make(tmp_path, "report", "PYTHON=/a/python", "PROFILE=quick", "DATA=two words", "JOBS=2").stdout.strip()
    assert shlex.split(told) == ["/a/python", "-m", "sequtils", "report", "--profile", "quick", "--data-root",
                                 "two words", "--jobs", "2"]


@no_shell
@pytest.mark.parametrize("word", ['a "b', "it's", "a;b", "`id`", "a\\b", "x  y", "(", "#"])
def test_make_hands_any_word_on_as_it_is(tmp_path, word):
    for name, option in (("DATA", "--data-root"), ("PROFILE", "--profile"), ("JOBS", "--jobs")):
        (tmp_path / name / "bin").mkdir(parents=True)
        told = make(tmp_path / name, "report", "PYTHON=/a/python", f"{name}={word}").stdout
        assert shlex.split(told) == ["/a/python", "-m", "sequtils", "report", option, word]


@no_shell
def test_make_names_both_ways_out_where_there_is_no_python(tmp_path):
    (tmp_path / "bin").mkdir()
    done = make(tmp_path, "test")
    assert done.returncode == 2
    assert "make PYTHON=path/to/python" in done.stderr and "install uv" in done.stderr


def test_a_python_that_is_too_old_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 4))
    with pytest.raises(environment.SetUpError, match=r"Python 3.11 to 3.14 is needed, and .* is 3.10.4") as error:
        environment._check_python()
    assert "make PYTHON=path/to/python" in str(error.value) and "uv" in str(error.value)


def test_a_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(environment.SetUpError, match=f"apt install python3.{sys.version_info[1]}-venv"):
        environment._check_python()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder with a lock of its own in which .venv is set up, but that pip is only asked. -> what it was asked."""
    root, asked = tmp_path / "ein Pfad für ಕ", []
    folder = root / ".venv"
    root.mkdir()
    for name, value in {"FOLDER": folder, "READY": folder / ".ready", "LOCK": root / "requirements.lock",
                        "PYTHON": folder / environment.PYTHON.relative_to(environment.FOLDER)}.items():
        monkeypatch.setattr(environment, name, value)
    (root / "requirements.lock").write_text("numpy==1\n")
    monkeypatch.setattr(environment, "_install", lambda line, what, *arguments: asked.append(arguments))
    monkeypatch.setattr(environment, "_make_anew", lambda: (
        asked.append("anew"), shutil.rmtree(folder, ignore_errors=True), script(environment.PYTHON, "")))
    return asked


def test_set_up_is_done_once_and_again_when_the_lock_changes(checkout, capsys):
    environment.setup()
    assert checkout[0] == "anew" and checkout[1] == ("--require-hashes", "--no-deps", "-r", str(environment.LOCK))
    assert checkout[2] == ("-r", str(environment.TORCH))
    assert "setting up" in capsys.readouterr().out
    environment.setup()
    assert len(checkout) == 4
    environment.LOCK.write_text("numpy==2\n")
    assert not environment.is_ready()
    environment.setup()
    assert len(checkout) == 7 and checkout.count("anew") == 1
    assert environment.is_ready()


def test_half_an_environment_is_made_anew(checkout, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(environment, "_install", stopped)
        environment.setup()
    assert not environment.is_ready()
    environment.setup()
    assert checkout.count("anew") == 2


def test_another_python_makes_another_environment(checkout, monkeypatch):
    environment.setup()
    monkeypatch.setattr(environment.sys, "version_info", (3, 11 + (sys.version_info[1] == 11), 0))
    environment.setup()
    assert checkout.count("anew") == 2


def test_a_link_in_place_of_the_environment_is_replaced_and_what_it_points_to_stays(tmp_path, monkeypatch):
    others = tmp_path / "others"
    (others / "bin").mkdir(parents=True)
    (tmp_path / ".venv").symlink_to(others, target_is_directory=True)
    monkeypatch.setattr(environment, "FOLDER", tmp_path / ".venv")
    monkeypatch.setattr(environment.subprocess, "call", lambda command: 0)
    environment._make_anew()
    assert (others / "bin").exists() and not (tmp_path / ".venv").is_symlink()


def test_pip_s_own_words_are_passed_on_when_it_fails(monkeypatch, capsys):
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    with pytest.raises(environment.SetUpError, match=r"no-such-file\.txt"):
        environment._install(environment.StatusLine(), "nothing", "-r", "no-such-file.txt")
    assert "installing nothing" in capsys.readouterr().out


@no_shell
def test_a_bare_python_runs_the_command_in_the_environment(tmp_path):
    """In a folder with a space and letters beyond ASCII; -S: a Python without packages."""
    root = tmp_path / "ein Pfad für ಕ"
    for name in BARE:
        (root / "sequtils").mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.ROOT / "sequtils" / f"{name}.py", root / "sequtils")
    for name in ("pyproject.toml", "requirements.lock", "requirements-torch.lock"):
        shutil.copy(paths.ROOT / name, root)
    script(root / ".venv" / "bin" / "python", 'echo "$@"; exit 3')
    bare = [sys.executable, "-S"]
    stamp = "from sequtils import environment as e; e.READY.write_text('\\n'.join(e._stamp()), encoding='utf-8')"
    subprocess.run([*bare, "-c", stamp], cwd=root, check=True)
    command = ["report", "--profile", "quick", "--data-root", "zwei Wörter"]
    done = subprocess.run([*bare, "-m", "sequtils", *command], cwd=root, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (3, " ".join(["-m", "sequtils", *command]) + "\n"), done.stderr


def test_where_a_process_cannot_be_replaced_its_status_is_passed_on(monkeypatch):
    """As on Windows, with a Ctrl-C that is left to the command."""
    waited = []

    class Process(subprocess.Popen):
        def wait(self, *arguments, **options):
            waited.append(1)
            if len(waited) == 1:
                raise KeyboardInterrupt
            return super().wait(*arguments, **options)

    monkeypatch.setattr(environment, "WINDOWS", True)
    monkeypatch.setattr(environment.subprocess, "Popen", Process)
    with pytest.raises(SystemExit) as stop:
        environment.become([sys.executable, "-c", "raise SystemExit(5)"])
    assert stop.value.code == 5 and len(waited) == 2


def test_a_console_that_lacks_a_letter_stops_nothing(tmp_path):
    folder = tmp_path / "data"
    for split in ("train", "dev"):
        for label in ("ಕ", "ఖ"):
            where = folder / "Handwriting_Data" / label / split
            where.mkdir(parents=True)
            (where / "1.txt").write_bytes(b"2 0.1 0.2\r\n0.3 0.4\r\n")
    done = subprocess.run([sys.executable, "-m", "sequtils", "check-data", str(folder)], cwd=paths.ROOT,
                          env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no problems" in done.stdout
