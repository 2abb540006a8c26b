"""The command line. Exit status: 0 success, 1 an experiment or the setting failed, 2 wrong usage or wrong data.

Any suitable Python will do: what the project needs is set up in .venv by the first command, which then runs there.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

from sequtils import environment, paths, stopping
from sequtils.files import RefusedError
from sequtils.terminal import elapsed

PROFILES = "short", "quick", "standard", "full"
TESTS = {  # a command, the mark of the tests that it runs (None: those with none of the others), what it says of itself
    "test": (None, "lint, unit tests, and the notebooks against their committed outputs"),
    "test-slow": ("slow", "whole reports, made, killed and made again, and long trainings"),
    "test-browser": ("browser", "every notebook in JupyterLab, in a real browser, and what is drawn there"),
}


def main(arguments=None):
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a letter is no reason to stop
    try:
        if options.command not in (_setup, _clean):
            environment.enter(arguments)
        return options.command(options)
    except KeyboardInterrupt:
        print(stopping.SAYS, file=sys.stderr)
        return stopping.STATUS
    except (environment.SetUpError, RefusedError) as error:
        print(error, file=sys.stderr)
        return 2
    except ValueError as error:
        from sequtils.data import DataError  # not sooner: it needs packages

        if not isinstance(error, DataError):
            raise
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that cannot be written
        print(error, file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(prog="python -m sequtils", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = _command(commands, "report", _report, "run the notebooks, then set the report as PDF and HTML")
    report.add_argument("--profile", choices=PROFILES,
                        help="how much to run; default: standard with --data-root, else short")
    report.add_argument("--data-root", type=_path, metavar="DIR",
                        help="the course's data; default: the embedded sample")
    report.add_argument("--datasets", nargs="+", choices=("handwriting", "cv"), metavar="NAME",
                        help="handwriting or cv; default: all that are there")
    report.add_argument("--jobs", type=_at_least_one, metavar="N", help="how many at once; default: one for each core")
    report.add_argument("--only", nargs="+", default=(), metavar="NN", choices=_numbers(),
                        help="numbers of notebooks, such as 03 04")
    report.add_argument("--build", type=_path, metavar="DIR", help="where to write; default: report/build")
    report.add_argument("--cluster", metavar="ADDRESS", help="train on a Dask cluster, such as tcp://host:8786")
    check = _command(commands, "check-data", _check, "describe a folder of data and list every problem in it")
    check.add_argument("folder", metavar="DIR")
    render = _command(commands, "render", _render, "set the report again from what the notebooks published")
    render.add_argument("--build", type=_path, metavar="DIR", help="where it was written; default: report/build")
    hand_in = _command(commands, "hand-in", _hand_in, "copy the report into report/, its results into README.md")
    hand_in.add_argument("--build", type=_path, metavar="DIR", help="where it was written; default: report/build")
    _command(commands, "setup", _setup, "make .venv, or bring it up to date; every other command does it too")
    for name, (mark, text) in TESTS.items():
        test = _command(commands, name, _test, text)
        test.set_defaults(marked=mark or " and ".join(f"not {other}" for other, _ in TESTS.values() if other))
        test.add_argument("what", nargs="*", default=("notebooks", "tests"), metavar="FILE", help="default: all")
    _command(commands, "lab", _lab, "open JupyterLab with the notebooks")
    bench = _command(commands, "bench", _bench, "how fast the compiled engine is, and beside what")
    bench.add_argument("--data-root", type=_path, metavar="DIR", help="the course's data; default: the embedded sample")
    _command(commands, "outputs", _outputs, "run the notebooks anew and keep their outputs, after a change")
    _command(commands, "clean", _clean, "remove report/build and compiled code; trials and parsed data in .cache stay")
    return parser


def _command(commands, name, function, text):
    command = commands.add_parser(name, help=text)
    command.set_defaults(command=function)
    return command


def _numbers():
    return sorted(notebook.name[:2] for notebook in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def _at_least_one(text):
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of at least 1")
    return int(text)


def _path(text):
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty name, expected the path of a folder")
    return text


def _setup(options):
    environment.setup()
    return 0


def _report(options):
    from sequtils.report import folder, freshness, runner  # each command imports what it needs: torch costs seconds

    build, started = folder.place(options.build), time.monotonic()
    profile = options.profile or ("standard" if options.data_root else "short")
    with folder.owned(build):
        inputs = freshness.inputs(profile, options.data_root, options.datasets)
        if not options.only and freshness.stands(build, inputs):
            print(f"profile {profile} is up to date:", build / "report.pdf", build / "report.html", sep="\n")
            return 0
        with folder.aside(build) as new:
            failed = runner.report(profile, options.data_root, options.jobs, options.only, build, options.cluster, new,
                                   options.datasets)
            print("setting the report", flush=True)
            status = _set(build, new, None if failed or options.only else inputs)
    print(f"done in {elapsed(time.monotonic() - started)}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else status


def _set(build, new, inputs):
    """Set the report in the folder `new` and let it take the place of the build folder; the exit status. Where it
    cannot be set, an earlier one stays."""
    from sequtils.report import folder, freshness
    from sequtils.report.render import RenderError, render

    try:
        status, files = 0, [build / file.name for file in render(new)]
    except RenderError as error:
        told = str(error).replace(new.name, build.name)
        status, files, inputs = 1, [], None
        print(f"the report could not be set: {told}", file=sys.stderr)
        if (build / "report.pdf").exists():
            print(f"the earlier one stays in {build}", file=sys.stderr)
            return status
    folder.take_place(new, build, freshness.note(new, inputs))
    print(*files, sep="\n")
    return status


def _check(options):
    from sequtils.data.check import check

    lines, problems = check(options.folder)
    print("\n".join(lines))
    print("\n".join(problems) or "no problems", file=sys.stderr if problems else sys.stdout)
    return 2 if problems else 0


def _render(options):
    from sequtils.report import folder

    build = folder.place(options.build)
    with folder.owned(build):
        if not build.is_dir():
            raise RefusedError(f"{build}: nothing to set, run the report first")
        with folder.aside(build, copied=True) as new:
            return _set(build, new, None)


def _hand_in(options):
    from sequtils.report.release import hand_in

    try:
        print(*hand_in(options.build), sep="\n")
    except ValueError as error:
        print(f"nothing was handed in: {error}", file=sys.stderr)
        return 1
    return 0


def _test(options):
    lint = _run("-m", "ruff", "check", ".")
    # The cells of a notebook stay in one process, in their order; the notebooks, which take longest, come first. -rs:
    # it is told what is skipped, as the web page is where there is no browser.
    spread = "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"
    return _run("-m", "pytest", "-rs", *spread, "--nbval", "-m", options.marked, *options.what) or lint


def _lab(options):
    return _run("-m", "jupyterlab", "--notebook-dir", str(paths.NOTEBOOKS))


def _bench(options):
    return _run("benchmarks/training_speed.py", *(["--data-root", options.data_root] if options.data_root else []))


def _outputs(options):
    notebooks = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
    return _run("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace",
                "--ExecutePreprocessor.record_timing=False", "--ExecutePreprocessor.store_widget_state=False",
                "--ExecutePreprocessor.extra_arguments=['--log-level=50']", *map(str, notebooks))


def _clean(options):
    from sequtils.report import folder

    folder.remove(paths.BUILD)
    shutil.rmtree(paths.COMPILED, ignore_errors=True)
    return 0


def _run(*arguments):
    """Run this Python with arguments, in the project's folder, where text files are UTF-8; its exit status."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=paths.ROOT, env={**os.environ, "PYTHONUTF8": "1"})
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches both, and is the other one's to answer
    return process.wait()


if __name__ == "__main__":
    stopping.listen()
    sys.exit(main())
