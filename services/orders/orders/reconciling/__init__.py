"""What providers, catalog and cart have, compared with the orders: one module for each.

Always their page first and the orders second: an order is older than its claim, its reservation and
its payment, so that what has no order then has lost it. What is not ours to decide is reported;
nothing is destroyed because an order is not there: it may be the orders that are an old backup.
"""
