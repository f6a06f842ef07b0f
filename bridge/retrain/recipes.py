"""The folder of recipes; read anew at every question, so that a mended recipe counts at once."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.core.config import NAME_PATTERN
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, did_you_mean
from bridge.retrain import recipe
from bridge.retrain.recipe import Recipe

ENDING = ".cypher"


class Recipes:
    """The files NAME.cypher of a folder. Blocks: never call it on the event loop."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Return the recipes' names, in order.

        Raises:
            FailedPreconditionError: there is no such folder.
        """
        if self._folder is None or not self._folder.is_dir():
            came = "was not set" if self._folder is None else f"was `{self._folder}`, which is no folder"
            raise FailedPreconditionError(
                f"The server has no recipes: BRIDGE_RECIPES {came}. Set it to a folder of files NAME{ENDING} and "
                "start the server again.",
                reason="NO_RECIPES",
            )
        names = (path.name.removesuffix(ENDING) for path in self._folder.glob(f"*{ENDING}") if path.is_file())
        return sorted(name for name in names if re.match(NAME_PATTERN, name))

    def get(self, name: str) -> Recipe:
        """Return one recipe.

        Raises:
            InvalidArgumentError: the name is none that a recipe can have.
            NotFoundError: there is no such recipe.
            FailedPreconditionError: its file has faults.
        """
        if not re.match(NAME_PATTERN, name):
            raise InvalidArgumentError(
                f"`recipe` was `{name[:80]}`, but a recipe's name has 1 to 64 letters, digits, dots, underscores and "
                "hyphens, the first a letter or digit. Give a name of ListRecipes.",
                reason="INVALID_ARGUMENT",
            )
        names = self.names()
        if name not in names or self._folder is None:
            there = ", ".join(f"`{each}`" for each in names) or "none"
            raise NotFoundError(
                f"There is no recipe `{name}`.{did_you_mean(name, names)} The server's recipes: {there}.",
                reason="RECIPE_NOT_FOUND",
                recipe=name,
            )
        return recipe.parse(name, _text(name, self._folder / f"{name}{ENDING}"))

    def all(self) -> list[Recipe]:
        """Return all recipes in the order of their names; the description of one that can not be run says why.

        Raises:
            FailedPreconditionError: there is no such folder.
        """
        return [self._or_why(name) for name in self.names()]

    def _or_why(self, name: str) -> Recipe:
        try:
            return self.get(name)
        except (FailedPreconditionError, NotFoundError) as error:
            return Recipe(name, error.message, {}, ())


def _text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise FailedPreconditionError(
            f"The recipe `{name}` can not be read: {why}. Mend its file on the server.",
            reason="RECIPE_FAULTY",
            recipe=name,
        ) from error
