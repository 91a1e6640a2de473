"""`shop-catalog`."""

from shopkit.program import run


def main() -> None:
    run("catalog.main")


if __name__ == "__main__":
    main()
