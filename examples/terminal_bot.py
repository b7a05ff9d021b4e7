"""A bot in about forty lines that remembers you, today and after every restart.

``python examples/terminal_bot.py [FILE] [NAME]``. It has no language model: asked, it shows what it remembers that
comes nearest, and leaves it to you whether that is an answer.
"""

import asyncio
import sys

from talktiers import HierarchicalMemoryManager, open_memory

SHOWN = 2  # scores only order what was found, so none is too low to be shown


async def reply(memory: HierarchicalMemoryManager, user: str, message: str) -> str:
    answer = "I'll remember that."
    if message.endswith("?"):
        found = [item.conversation for item in await memory.search(user, message)]
        told = [item for item in found if not item.user_message.endswith("?")][:SHOWN]
        quotations = [f"on {item.occurred_at.astimezone():%d %B} you told me “{item.user_message}”" for item in told]
        answer = f"Perhaps this: {'; '.join(quotations)}" if told else "I find nothing for it. Try other words?"
    await memory.store_conversation(user_id=user, user_message=message, bot_response=answer, user_name=user)
    await memory.settle()  # only because the loop stands still while you type; a server's never does
    return answer


def chat(file: str = "bot.db", name: str = "you") -> None:
    memory = open_memory(f"sqlite:///{file}")
    with asyncio.Runner() as runner:  # input() waits outside the loop, where Ctrl-C ends it at once
        runner.run(memory.initialize())
        try:
            known = runner.run(memory.get_user_conversation_history(name, limit=1, since_days=None))
            print(f"bot: {'Welcome back' if known else 'Hello'}, {name}! Tell me something, ask me, or say forget.")
            while True:
                message = input("> ").strip()
                if message == "forget":
                    if input("bot: All that you ever told me? yes or no: ").strip() == "yes":
                        gone = runner.run(memory.forget_user(name))
                        print("bot: All forgotten." if gone.complete else "bot: Hidden; the rest is being erased.")
                elif message:
                    print("bot:", runner.run(reply(memory, name, message)))
        except (EOFError, KeyboardInterrupt):
            print("\nbot: See you!")
        finally:
            runner.run(memory.close())


if __name__ == "__main__":
    chat(*sys.argv[1:3])
