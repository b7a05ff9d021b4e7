"""What the use cases need from outside, one Protocol a file, the contract in its docstrings.

Every method is keyword-only. Unless a docstring says otherwise, methods raise `BackendError` and its kinds only, are
safe to call from many tasks of one event loop at once, and can be cancelled: a cancelled write has happened or not.
"""
