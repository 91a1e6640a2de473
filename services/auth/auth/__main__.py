"""`shop-auth`."""

from shopkit.program import run


def main() -> None:
    run("auth.main")


if __name__ == "__main__":
    main()
