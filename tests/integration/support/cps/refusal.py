"""An answer that is no success."""


class Refusal(Exception):
    def __init__(self, status, kind, title, detail="", headers=None, raw=None):
        super().__init__(title)
        self.status, self.headers, self.raw = status, headers or {}, raw
        self.body = {"type": f"https://problems.example.net/cps/v2/{kind}", "title": title, "detail": detail, "status": status}


class Silence(Exception):
    """Nobody answers at all."""


def not_found(detail="The resource does not exist"):
    return Refusal(404, "error-types/not-found", "Not found", detail)


def conflict(kind, detail=""):
    return Refusal(409, f"error-types/{kind}", "Conflict", detail)


def bad_request(detail):
    return Refusal(400, "error-types/bad-request", "Bad request", detail)
