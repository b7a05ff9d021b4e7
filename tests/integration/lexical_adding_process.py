"""Adds conversations of one user to the lexical index, a few at a time: python lexical_adding_process.py URL SCHEMA FIRST END."""

import asyncio
import sys

from talktiers.adapters.postgres.database import PostgresDatabase
from talktiers.adapters.postgres.lexical_index import PostgresLexicalIndex
from talktiers.adapters.user_arrays import UserArrays
from talktiers.ports.contracts import examples

AT_ONCE = 4


async def add(url: str, schema: str, first: int, end: int) -> None:
    documents = [
        examples.lexical_document(examples.stored(number, user_message=f"fox word{number}"))
        for number in range(first, end)
    ]
    async with PostgresDatabase(url=url, schema=schema, allow_unsafe_commit=True) as database:
        index = PostgresLexicalIndex(database=database, arrays=UserArrays(), max_unpacked_bytes=1000)
        for start in range(0, len(documents), AT_ONCE):
            await index.add(documents=documents[start : start + AT_ONCE])


if __name__ == "__main__":
    asyncio.run(add(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
