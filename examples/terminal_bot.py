"""A bot in forty lines that remembers you, today and after every restart.

``python examples/terminal_bot.py [FILE] [NAME]``. It has no language model: it answers with what it remembers, and
says so when it remembers nothing.
"""

import asyncio
import sys

from talktiers import HierarchicalMemoryManager, ScoredConversation, open_memory

GOOD_ENOUGH = 0.3  # below this a memory hardly has to do with the question


def quotation(found: ScoredConversation) -> str:
    told = found.conversation
    return f"On {told.occurred_at.astimezone():%d %B} you told me: “{told.user_message}”"


async def answer(memory: HierarchicalMemoryManager, user: str, message: str) -> str:
    if not message.rstrip().endswith("?"):
        return "I'll remember that."
    found = await memory.search(user, message, limit=10)
    told = [item for item in found if item.score >= GOOD_ENOUGH and not item.conversation.user_message.endswith("?")]
    return quotation(told[0]) if told else "I don't know. Nobody has told me yet."


async def chat(file: str = "bot.db", name: str = "you") -> None:
    async with open_memory(f"sqlite:///{file}") as memory:
        known = await memory.get_user_conversation_history(name, limit=1, since_days=None)
        print(f"bot: {'Welcome back' if known else 'Hello'}, {name}! Tell me something, or ask me. An empty line ends.")
        while message := (await asyncio.to_thread(sys.stdin.readline)).strip():
            response = await answer(memory, name, message)
            await memory.store_conversation(user_id=name, user_message=message, bot_response=response, user_name=name)
            print(f"bot: {response}", flush=True)
        print("bot: See you!")


if __name__ == "__main__":
    asyncio.run(chat(*sys.argv[1:3]))
