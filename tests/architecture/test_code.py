import ast
import re
from functools import cache
from pathlib import Path

SOURCE_LINES, TEST_LINES = 250, 400
FUNCTION_LINES, TEST_FUNCTION_LINES = 40, 60
VAGUE = re.compile(r"(utils?|helpers?|common|managers?)(\.py)?")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_test(file: Path) -> bool:
    return "tests" in file.parts


@cache
def functions(root: Path, file: Path) -> list[Function]:
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def test_files_are_short_enough_to_read(root: Path, python_files: list[Path]) -> None:
    too_long = {
        str(file): lines
        for file in python_files
        if "versions" not in file.parts
        and (lines := (root / file).read_text(encoding="utf-8").count("\n"))
        > (TEST_LINES if is_test(file) else SOURCE_LINES)
    }
    assert too_long == {}


def test_functions_are_short_enough_to_see_whole(root: Path, python_files: list[Path]) -> None:
    too_long = [
        f"{file}:{function.lineno} {function.name}: {lines} lines"
        for file in python_files
        if "versions" not in file.parts
        for function in functions(root, file)
        if (lines := (function.end_lineno or 0) - function.lineno + 1)
        > (TEST_FUNCTION_LINES if is_test(file) else FUNCTION_LINES)
    ]
    assert too_long == []


def test_imports_stand_at_the_top(root: Path, python_files: list[Path]) -> None:
    inside = [
        f"{file}:{node.lineno}"
        for file in python_files
        for function in functions(root, file)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_names_of_files_say_what_is_in_them(files: list[Path]) -> None:
    assert [str(file) for file in files if any(map(VAGUE.fullmatch, file.parts))] == []
