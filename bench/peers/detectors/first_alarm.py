"""When a river detector first alarms."""


def first_alarm(detector, usual, stream):
    """Return the index of the first alarm in the stream, -1 for none."""
    for value in usual:
        detector.update(value)
    for index, value in enumerate(stream):
        detector.update(value)
        if detector.drift_detected:
            return index
    return -1
