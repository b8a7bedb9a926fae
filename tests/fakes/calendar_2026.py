"""The calendar of 2026 as it was announced, with the hours of a one-stop desk: eight a day, in two sessions."""

from schemas.calendar import Calendar

DESK = ("07:00-11:30", "13:30-17:00")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
HOLIDAYS = (
    "2026-01-01",
    "2026-02-16",
    "2026-02-17",
    "2026-02-18",
    "2026-02-19",
    "2026-02-20",
    "2026-04-26",
    "2026-04-27",
    "2026-04-30",
    "2026-05-01",
    "2026-09-01",
    "2026-09-02",
    "2026-11-24",
)
SWAPS = (("2026-01-02", "2026-01-10"), ("2026-08-31", "2026-08-22"))


def calendar(**changes: object) -> Calendar:
    """Return the calendar, with other values for some keys of `calendar.yaml`."""
    data = {
        "hours": dict.fromkeys(WEEKDAYS, DESK),
        "procedure_cutoffs": [{"procedure": "2.000635", "cutoff_time": "15:00"}],
        "decided_to": "2026-12-31",
        "holidays": [{"day": day, "name": "Nghỉ lễ"} for day in HOLIDAYS],
        "swaps": [{"off": off, "worked": worked} for off, worked in SWAPS],
    }
    return Calendar.model_validate({**data, **changes}, strict=False)
