"""A form: which fields an object has, which of them it must have, and the rule of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.sandbox.portal.rule import Rule


@dataclass(frozen=True, slots=True)
class Form:
    """All values are strings; nothing unknown is let in (assumed).

    `required` fields must be there and not empty. Optional ones may be absent or "". `nullable` ones may be null.
    `lists` are arrays of objects with forms of their own, absent or empty when there is nothing.
    """

    fields: Mapping[str, Rule]
    required: tuple[str, ...] = ()
    nullable: frozenset[str] = frozenset()
    lists: Mapping[str, "Form"] = field(default_factory=dict)
    items_max: int = 200

    def problem(self, document: object, path: str = "") -> str | None:
        """Say what is wrong with an object, naming the field but never its value; None when it is in order."""
        if not isinstance(document, dict):
            return f"Trường {path or 'data'}: phải là đối tượng"
        for name in self.required:
            if not document.get(name):
                return f"Trường {path}{name}: bắt buộc"
        for name, value in document.items():
            if type(value) is str and (rule := self.fields.get(name)) is not None:
                if value and (problem := rule(value)) is not None:
                    return f"Trường {path}{name}: {problem}"
            elif (problem := self._problem_of_other(name, value, path)) is not None:
                return problem
        return None

    def _problem_of_other(self, name: str, value: object, path: str) -> str | None:
        """Judge what is not a text under the name of a text."""
        if (form := self.lists.get(name)) is not None:
            return form.problem_of_list(value, f"{path}{name}") if value != [] else None
        if name not in self.fields:
            return f"Trường {path}{name}: không có trong đặc tả"
        if value is None and name in self.nullable:
            return None
        return f"Trường {path}{name}: phải là chuỗi"

    def problem_of_list(self, value: object, path: str) -> str | None:
        """Say what is wrong with an array of such objects."""
        if not isinstance(value, list):
            return f"Trường {path}: phải là mảng"
        if len(value) > self.items_max:
            return f"Trường {path}: quá {self.items_max} phần tử"
        for index, item in enumerate(value):
            if (problem := self.problem(item, f"{path}[{index}].")) is not None:
                return problem
        return None
