"""The cart service: carts of users and guests, and what they would cost."""
