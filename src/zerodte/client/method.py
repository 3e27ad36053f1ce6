"""Methods that a blocking and an asynchronous client share: one definition, two ways to call."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from zerodte.client.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class BlockingCaller:
    """A client that waits for the answer."""

    def _answer(self, call: Call[T]) -> T:
        raise NotImplementedError


class AwaitingCaller:
    """A client whose answers are awaited."""

    async def _answer(self, call: Call[T]) -> T:
        raise NotImplementedError


class EndpointMethod(Generic[P, T]):
    """A method that asks an endpoint: it gives the answer, or what to await for it.

    Args:
        call: Makes the call from the method's arguments; its docstring is the method's.
    """

    def __init__(self, call: Callable[P, Call[T]]) -> None:
        self._call = call
        self.__doc__ = call.__doc__

    @overload
    def __get__(self, client: BlockingCaller, owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AwaitingCaller, owner: Any) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, owner: Any) -> "EndpointMethod[P, T]": ...
    def __get__(self, client: BlockingCaller | AwaitingCaller | None, owner: Any) -> Any:
        """The method of a client."""
        if client is None:
            return self

        @functools.wraps(self._call)
        def ask(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._answer(self._call(*args, **kwargs))  # its own

        return ask
