"""`shop-cart`."""

from shopkit.program import run


def main() -> None:
    run("cart.main")


if __name__ == "__main__":
    main()
