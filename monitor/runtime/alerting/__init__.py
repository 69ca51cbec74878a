"""Who is told what, and when: routes, quiet hours, groups, and conditions that begin and end."""
