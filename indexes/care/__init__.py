"""Care of the database: find what is damaged, mend what can be mended, give back what is no longer needed.

``verify`` finds damage and changes nothing, ``repair`` mends, ``compact`` takes out what is dead. Callers use the
methods of `indexes.collection.Collection` and `indexes.database.Database`.
"""
