"""`ports.reading` in SQL: searches driven by an index each, sums kept with the records.

A search looks at a bounded number of rows in the order of one index and filters those, so that it
takes as long for what is rare as for what is common; where it has stopped, the next page goes on.
"""
