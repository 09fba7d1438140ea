"""Update rules as students write them, in several styles, with mistakes put into single lines.

Nothing here comes from the library: a rule is text, and a mistake is other text in one line.
"""

import numpy as np

CLASS_OF_DICTS = """
class Student:
    def __init__(self, lr=0.01, {constructor}):
        self.lr = lr
{kept}
        self.t = 0
        self.state = {{}}

    def update(self, params, grads):
        self.t += 1
        for k in params:
            if k not in self.state:
                self.state[k] = [np.zeros_like(params[k]) for _ in range({count})]
            g = grads[k]
{body}
"""

CLASS_OF_LISTS = """
class Student:
    def __init__(self, params, learning_rate=0.01, {constructor}):
        self.params = params
        self.lr = learning_rate
{kept}
        self.t = 0
        self.state = [[np.zeros_like(p) for _ in range({count})] for p in params]

    def step(self, grads):
        self.t = self.t + 1
        for k in range(len(self.params)):
            g = grads[k]
{body}
"""

FUNCTION = """
def student(theta, grad, {arrays}t, lr, {signature}):
    g = grad
{body}
    return {returned}
"""

NAMES = {"b1": "beta1", "b2": "beta2", "eps": "eps", "rho": "rho", "mu": "momentum", "wd": "wd"}
USUAL = {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "rho": 0.9, "mu": 0.9, "wd": 0.01}


def written(style, rule, changes=()):
    """The source of a student's rule.

    ``rule`` has its lines by name, its states and its constants; ``changes`` other text for lines.
    """
    body = {**rule["lines"], **dict(changes)}
    constants, states = rule["constants"], rule["states"]
    inside = style is FUNCTION
    fields = {name: NAMES[name] if inside else f"self.{NAMES[name]}" for name in constants}
    fields |= {"lr": "lr", "t": "t", "W": "theta"} if inside else {"lr": "self.lr", "t": "self.t"}
    where = "params" if style is CLASS_OF_DICTS else "self.params"
    fields.setdefault("W", f"{where}[k]")
    for index, name in enumerate(states):
        fields[name.upper()] = name if inside else f"self.state[k][{index}]"
    indent = "    " if inside else "            "
    lines = [line.format(**fields) for text in body.values() for line in text.split("\n") if line]
    return style.format(
        constructor=", ".join(f"{NAMES[c]}={USUAL[c]}" for c in constants),
        kept="\n".join(f"        self.{NAMES[c]} = {NAMES[c]}" for c in constants),
        count=len(states),
        body="\n".join(indent + line for line in lines),
        arrays="".join(f"{name}, " for name in states),
        signature=", ".join(NAMES[c] for c in constants),
        returned=", ".join(["theta", *states]),
    ).replace("(self, lr=0.01, )", "(self, lr=0.01)")


def made(source):
    """The class or function of a source."""
    space = {"np": np}
    exec(source, space)
    return space.get("Student") or space["student"]


STYLES = {"dicts": CLASS_OF_DICTS, "lists": CLASS_OF_LISTS, "function": FUNCTION}

MOVE = "{W} = {W} - {lr} * s"

RULES = {
    "sgd": {
        "states": [],
        "constants": [],
        "lines": {"w": "{W} = {W} - {lr} * g"},
        "mistakes": {
            "update-sign": {"w": "{W} = {W} + {lr} * g"},
            "learning-rate-missing": {"w": "{W} = {W} - g"},
            "learning-rate-twice": {"w": "{W} = {W} - {lr} * {lr} * g"},
            "parameters-unchanged": {"w": "w = {W} - {lr} * g"},
        },
    },
    "momentum": {
        "states": ["v"],
        "constants": ["mu"],
        "lines": {"v": "{V} = {mu} * {V} - {lr} * g", "w": "{W} = {W} + {V}"},
        "mistakes": {
            "update-sign": {"w": "{W} = {W} - {V}"},
            "learning-rate-missing": {"v": "{V} = {mu} * {V} - g"},
            "learning-rate-twice": {"w": "{W} = {W} + {lr} * {V}"},
            "momentum-averaged": {"v": "{V} = {mu} * {V} - (1 - {mu}) * {lr} * g"},
            "momentum-weights-swapped": {"v": "{V} = (1 - {mu}) * {V} - {mu} * {lr} * g"},
            "momentum-sign": {"v": "{V} = -{mu} * {V} - {lr} * g"},
            "momentum-missing-factor": {"v": "{V} = {V} - {lr} * g"},
            "learning-rate-on-velocity": {"v": "{V} = {lr} * ({mu} * {V} - g)"},
            "momentum-on-gradient": {"v": "{V} = {mu} * ({V} - {lr} * g)"},
            "velocity-not-kept": {"v": "new = {mu} * {V} - {lr} * g", "w": "{W} = {W} + new"},
            "old-velocity-used": {"v": "{W} = {W} + {V}", "w": "{V} = {mu} * {V} - {lr} * g"},
            "gradient-added-twice": {"w": "{W} = {W} + {V} - {lr} * g"},
            "looks-ahead": {"w": "{W} = {W} + {mu} * {V} - {lr} * g"},
            "momentum-size": {"v": "{V} = 0.99 * {V} - {lr} * g"},
        },
    },
    "nesterov": {
        "states": ["v"],
        "constants": ["mu"],
        "lines": {
            "o": "old = {V}.copy()",
            "v": "{V} = {mu} * {V} - {lr} * g",
            "w": "{W} = {W} - {mu} * old + (1 + {mu}) * {V}",
        },
        "mistakes": {
            "update-sign": {"w": "{W} = {W} + {mu} * old - (1 + {mu}) * {V}"},
            "no-look-ahead": {"w": "{W} = {W} + {V}"},
            "nesterov-order": {
                "w": "{W} = {W} + {mu} * {mu} * {V} - (1 + {mu}) * {lr} * g",
            },
            "nesterov-look-back-sign": {"w": "{W} = {W} + {mu} * old + (1 + {mu}) * {V}"},
            "nesterov-factor-missing": {"w": "{W} = {W} + {V} - {lr} * g"},
            "nesterov-gradient-missing": {"w": "{W} = {W} + {mu} * {V}"},
            "momentum-averaged": {"v": "{V} = {mu} * {V} - (1 - {mu}) * {lr} * g"},
            "momentum-missing-factor": {"v": "{V} = {V} - {lr} * g"},
        },
    },
    "rmsprop": {
        "states": ["h"],
        "constants": ["rho", "eps"],
        "lines": {
            "h": "{H} = {rho} * {H} + (1 - {rho}) * g * g",
            "w": "{W} = {W} - {lr} * g / (np.sqrt({H}) + {eps})",
        },
        "mistakes": {
            "update-sign": {"w": "{W} = {W} + {lr} * g / (np.sqrt({H}) + {eps})"},
            "learning-rate-missing": {"w": "{W} = {W} - g / (np.sqrt({H}) + {eps})"},
            "v-factor-missing": {"h": "{H} = {rho} * {H} + g * g"},
            "v-weights-swapped": {"h": "{H} = (1 - {rho}) * {H} + {rho} * g * g"},
            "v-old-factor-missing": {"h": "{H} = {H} + (1 - {rho}) * g * g"},
            "v-summed": {"h": "{H} = {H} + g * g"},
            "v-not-squared": {"h": "{H} = {rho} * {H} + (1 - {rho}) * g"},
            "v-of-magnitudes": {"h": "{H} = {rho} * {H} + (1 - {rho}) * np.abs(g)"},
            "v-factor-squared": {"h": "{H} = {rho} * {H} + ((1 - {rho}) * g) ** 2"},
            "v-not-kept": {
                "h": "new = {rho} * {H} + (1 - {rho}) * g * g",
                "w": "{W} = {W} - {lr} * g / (np.sqrt(new) + {eps})",
            },
            "v-not-averaged": {"h": "{H} = g * g"},
            "root-missing": {"w": "{W} = {W} - {lr} * g / ({H} + {eps})"},
            "root-multiplied": {"w": "{W} = {W} - {lr} * g * np.sqrt({H} + {eps})"},
            "epsilon-after-division": {"w": "{W} = {W} - {lr} * (g / np.sqrt({H}) + {eps})"},
            "old-v-used": {
                "h": "{W} = {W} - {lr} * g / np.sqrt({H} + {eps})",
                "w": "{H} = {rho} * {H} + (1 - {rho}) * g * g",
            },
            "rho-size": {"h": "{H} = 0.99 * {H} + 0.01 * g * g"},
        },
    },
    "adagrad": {
        "states": ["h"],
        "constants": ["eps"],
        "lines": {
            "h": "{H} = {H} + g ** 2",
            "w": "{W} = {W} - {lr} * g / (np.sqrt({H}) + {eps})",
        },
        "options": {"initial_accumulator_value": 0.0},
        "mistakes": {
            "update-sign": {"w": "{W} = {W} + {lr} * g / (np.sqrt({H}) + {eps})"},
            "v-not-squared": {"h": "{H} = {H} + g"},
            "v-of-magnitudes": {"h": "{H} = {H} + np.abs(g)"},
            "v-not-kept": {
                "h": "new = {H} + g ** 2",
                "w": "{W} = {W} - {lr} * g / (np.sqrt(new) + {eps})",
            },
            "root-missing": {"w": "{W} = {W} - {lr} * g / ({H} + {eps})"},
            "epsilon-after-division": {"w": "{W} = {W} - {lr} * (g / np.sqrt({H}) + {eps})"},
            "learning-rate-twice": {"w": "{W} = {W} - {lr} ** 2 * g / (np.sqrt({H}) + {eps})"},
        },
    },
    "adam": {
        "states": ["m", "v"],
        "constants": ["b1", "b2", "eps"],
        "lines": {
            "m": "{M} = {b1} * {M} + (1 - {b1}) * g",
            "v": "{V} = {b2} * {V} + (1 - {b2}) * g ** 2",
            "mh": "mh = {M} / (1 - {b1} ** {t})",
            "vh": "vh = {V} / (1 - {b2} ** {t})",
            "w": "{W} = {W} - {lr} * mh / (np.sqrt(vh) + {eps})",
        },
        "mistakes": {
            "update-sign": {"w": "{W} = {W} + {lr} * mh / (np.sqrt(vh) + {eps})"},
            "learning-rate-missing": {"w": "{W} = {W} - mh / (np.sqrt(vh) + {eps})"},
            "corrections-multiplied": {
                "mh": "mh = {M} * (1 - {b1} ** {t})",
                "vh": "vh = {V} * (1 - {b2} ** {t})",
            },
            "m-correction-multiplied": {"mh": "mh = {M} * (1 - {b1} ** {t})"},
            "v-correction-multiplied": {"vh": "vh = {V} * (1 - {b2} ** {t})"},
            "corrections-missing": {"mh": "mh = {M}", "vh": "vh = {V}"},
            "m-correction-missing": {"mh": "mh = {M}"},
            "v-correction-missing": {"vh": "vh = {V}"},
            "corrections-one-ahead": {
                "mh": "mh = {M} / (1 - {b1} ** ({t} + 1))",
                "vh": "vh = {V} / (1 - {b2} ** ({t} + 1))",
            },
            "corrections-one-behind": {
                "mh": "mh = {M} / (1 - {b1} ** ({t} - 1))",
                "vh": "vh = {V} / (1 - {b2} ** ({t} - 1))",
            },
            "m-correction-one-ahead": {"mh": "mh = {M} / (1 - {b1} ** ({t} + 1))"},
            "v-correction-one-behind": {"vh": "vh = {V} / (1 - {b2} ** ({t} - 1))"},
            "corrections-without-power": {
                "mh": "mh = {M} / (1 - {b1})",
                "vh": "vh = {V} / (1 - {b2})",
            },
            "corrections-times-t": {
                "mh": "mh = {M} / (1 - {b1} * {t})",
                "vh": "vh = {V} / (1 - {b2} * {t})",
            },
            "m-correction-without-power": {"mh": "mh = {M} / (1 - {b1})"},
            "v-correction-without-power": {"vh": "vh = {V} / (1 - {b2})"},
            "m-correction-kept": {"mh": "{M} = {M} / (1 - {b1} ** {t})\nmh = {M}"},
            "v-correction-kept": {"vh": "{V} = {V} / (1 - {b2} ** {t})\nvh = {V}"},
            "corrections-kept": {
                "mh": "{M} = {M} / (1 - {b1} ** {t})\nmh = {M}",
                "vh": "{V} = {V} / (1 - {b2} ** {t})\nvh = {V}",
            },
            "corrections-swapped": {
                "mh": "mh = {M} / (1 - {b2} ** {t})",
                "vh": "vh = {V} / (1 - {b1} ** {t})",
            },
            "v-correction-with-beta1": {"vh": "vh = {V} / (1 - {b1} ** {t})"},
            "v-correction-outside-root": {
                "vh": "rh = np.sqrt({V}) / (1 - {b2} ** {t})",
                "w": "{W} = {W} - {lr} * mh / (rh + {eps})",
            },
            "epsilon-inside-root": {"w": "{W} = {W} - {lr} * mh / np.sqrt(vh + {eps})"},
            "epsilon-after-division": {"w": "{W} = {W} - {lr} * (mh / np.sqrt(vh) + {eps})"},
            "root-missing": {"w": "{W} = {W} - {lr} * mh / (vh + {eps})"},
            "root-multiplied": {"w": "{W} = {W} - {lr} * mh * (np.sqrt(vh) + {eps})"},
            "m-factor-missing": {"m": "{M} = {b1} * {M} + g"},
            "v-factor-missing": {"v": "{V} = {b2} * {V} + g ** 2"},
            "m-weights-swapped": {"m": "{M} = (1 - {b1}) * {M} + {b1} * g"},
            "v-weights-swapped": {"v": "{V} = (1 - {b2}) * {V} + {b2} * g ** 2"},
            "m-squared": {"m": "{M} = {b1} * {M} + (1 - {b1}) * g ** 2"},
            "v-not-squared": {"v": "{V} = {b2} * {V} + (1 - {b2}) * g"},
            "v-of-magnitudes": {"v": "{V} = {b2} * {V} + (1 - {b2}) * np.abs(g)"},
            "v-of-m": {"v": "{V} = {b2} * {V} + (1 - {b2}) * {M} ** 2"},
            "v-factor-squared": {"v": "{V} = {b2} * {V} + ((1 - {b2}) * g) ** 2"},
            "v-summed": {"v": "{V} = {V} + g ** 2"},
            "betas-swapped-in-averages": {
                "m": "{M} = {b2} * {M} + (1 - {b2}) * g",
                "v": "{V} = {b1} * {V} + (1 - {b1}) * g ** 2",
            },
            "beta1-in-v": {"v": "{V} = {b1} * {V} + (1 - {b1}) * g ** 2"},
            "m-not-used": {"mh": "mh = g"},
            "gradient-corrected": {"mh": "mh = g / (1 - {b1} ** {t})"},
            "m-not-kept": {
                "m": "new = {b1} * {M} + (1 - {b1}) * g",
                "mh": "mh = new / (1 - {b1}**{t})",
            },
            "v-not-kept": {
                "v": "new = {b2} * {V} + (1 - {b2}) * g ** 2",
                "vh": "vh = new / (1 - {b2}**{t})",
            },
            "old-m-used": {
                "m": "mh = {M} / (1 - {b1} ** {t})",
                "mh": "{M} = {b1} * {M} + (1 - {b1}) * g",
            },
            "beta1-size": {
                "m": "{M} = 0.95 * {M} + 0.05 * g",
                "mh": "mh = {M} / (1 - 0.95 ** {t})",
            },
            "beta2-size": {
                "v": "{V} = 0.99 * {V} + 0.01 * g * g",
                "vh": "vh = {V} / (1 - 0.99 ** {t})",
            },
        },
    },
    "adamax": {
        "states": ["m", "u"],
        "constants": ["b1", "b2", "eps"],
        "lines": {
            "m": "{M} = {b1} * {M} + (1 - {b1}) * g",
            "u": "{U} = np.maximum({b2} * {U}, np.abs(g))",
            "w": "{W} = {W} - {lr} / (1 - {b1} ** {t}) * {M} / ({U} + {eps})",
        },
        "mistakes": {
            "u-not-of-magnitudes": {"u": "{U} = np.maximum({b2} * {U}, g)"},
            "u-never-forgets": {"u": "{U} = np.maximum({U}, np.abs(g))"},
            "u-averaged": {"u": "{U} = {b2} * {U} + (1 - {b2}) * np.abs(g)"},
            "m-correction-missing": {"w": "{W} = {W} - {lr} * {M} / ({U} + {eps})"},
            "m-correction-multiplied": {
                "w": "{W} = {W} - {lr} * (1 - {b1} ** {t}) * {M} / ({U} + {eps})"
            },
        },
    },
    "lion": {
        "states": ["m"],
        "constants": ["b1", "b2"],
        "lines": {
            "w": "{W} = {W} - {lr} * np.sign({b1} * {M} + (1 - {b1}) * g)",
            "m": "{M} = {b2} * {M} + (1 - {b2}) * g",
        },
        "mistakes": {
            "sign-missing": {"w": "{W} = {W} - {lr} * ({b1} * {M} + (1 - {b1}) * g)"},
            "new-m-used": {
                "w": "{M} = {b2} * {M} + (1 - {b2}) * g",
                "m": "{W} = {W} - {lr} * np.sign({b1} * {M} + (1 - {b1}) * g)",
            },
            "sign-of-m": {
                "w": "{M} = {b2} * {M} + (1 - {b2}) * g",
                "m": "{W} = {W} - {lr} * np.sign({M})",
            },
            "betas-swapped": {
                "w": "{W} = {W} - {lr} * np.sign({b2} * {M} + (1 - {b2}) * g)",
                "m": "{M} = {b1} * {M} + (1 - {b1}) * g",
            },
            "beta1-in-m": {"m": "{M} = {b1} * {M} + (1 - {b1}) * g"},
            "m-factor-missing": {"m": "{M} = {b2} * {M} + g"},
            "update-sign": {"w": "{W} = {W} + {lr} * np.sign({b1} * {M} + (1 - {b1}) * g)"},
        },
    },
}
RULES["adamw"] = {
    "states": ["m", "v"],
    "constants": ["b1", "b2", "eps", "wd"],
    "lines": {"d": "{W} = {W} - {lr} * {wd} * {W}", **RULES["adam"]["lines"], "e": ""},
    "options": {"weight_decay": 0.01},
    "mistakes": {
        "decay-missing": {"d": ""},
        "decay-coupled": {"d": "g = g + {wd} * {W}"},
        "decay-after-step": {"d": "", "e": "{W} = {W} - {lr} * {wd} * {W}"},
        "decay-without-rate": {"d": "{W} = {W} - {wd} * {W}"},
        "decay-sign": {"d": "{W} = {W} + {lr} * {wd} * {W}"},
        "decay-inside-step": {
            "d": "",
            "w": "{W} = {W} - {lr} * (mh + {wd} * {W}) / (np.sqrt(vh) + {eps})",
        },
        "corrections-missing": {"mh": "mh = {M}", "vh": "vh = {V}"},
        "v-not-squared": {"v": "{V} = {b2} * {V} + (1 - {b2}) * g"},
    },
}
