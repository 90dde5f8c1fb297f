"""Routes real tickets, the entries of package changelogs, to desks; security ones until they are settled."""
