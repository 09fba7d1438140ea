"""Models that are graphs, for both libraries: ``GRAPHS[name](library)``.

Nearly all arrays are of 4 numbers: for every new shape JAX compiles each operation anew.
"""


def dense(library, units, activation="tanh", **arguments):
    return library.layers.Dense(units, activation, **arguments)


def residual(library):
    x = library.Input((4,))
    h = dense(library, 4)(x)
    for _ in range(2):
        h = library.layers.Add()([h, dense(library, 4)(h)])
    return library.Model(x, dense(library, 4, None)(h))


def wide_and_deep(library):
    wide, deep = library.Input((4,), name="wide"), library.Input((4,), name="deep")
    h = dense(library, 4)(dense(library, 4)(deep))
    joined = library.layers.Concatenate()([wide, h])
    return library.Model([wide, deep], dense(library, 1, "sigmoid")(joined))


def siamese(library):
    left, right = library.Input((4,), name="left"), library.Input((4,), name="right")
    first, second = dense(library, 4), dense(library, 4)
    a, b = second(first(left)), second(first(right))
    apart = library.layers.Subtract()([a, b])
    return library.Model([left, right], dense(library, 1, "sigmoid")(apart))


def two_towers(library):
    users, items = library.Input((4,), name="users"), library.Input((4,), name="items")
    u = dense(library, 4)(dense(library, 4)(users))
    i = dense(library, 4)(items)
    return library.Model([users, items], library.layers.Dot(axes=1, normalize=True)([u, i]))


def layer_at_two_depths(library):
    x = library.Input((4,))
    shared = dense(library, 4)
    return library.Model(
        x, dense(library, 4)(library.layers.Average()([shared(shared(x)), shared(x)]))
    )


def two_heads(library):
    x = library.Input((4,))
    h = dense(library, 4)(x)
    return library.Model(
        x, [dense(library, 1, None, name="size")(h), dense(library, 3, "softmax", name="kind")(h)]
    )


def heads_of_a_dictionary(library):
    x = library.Input((4,), name="x")
    h = dense(library, 4)(x)
    outputs = {
        "size": dense(library, 1, None, name="size")(h),
        "kind": dense(library, 3, "softmax", name="kind")(h),
    }
    return library.Model({"x": x}, outputs)


def deep_and_shallow_heads(library):
    x = library.Input((4,))
    h = dense(library, 4, name="inner")(x)
    last = dense(library, 4, None, name="last")(dense(library, 4)(h))
    return library.Model(x, [h, last])


def same_output_twice(library):
    x = library.Input((4,))
    y = dense(library, 4, None, name="y")(x)
    return library.Model(x, [y, y])


def inputs_of_a_dictionary(library):
    b, a = library.Input((4,), name="b"), library.Input((2,), name="a")
    joined = library.layers.Concatenate()([dense(library, 4)(b), a])
    return library.Model({"b": b, "a": a}, dense(library, 4, None)(joined))


def nested_in_a_line(library):
    x = library.Input((4,))
    block = library.Model(x, library.layers.Add()([x, dense(library, 4)(x)]))
    inner = library.Sequential([library.Input((4,)), dense(library, 4)])
    return library.Sequential([library.Input((4,)), inner, block, dense(library, 4, None)])


def nested_towers(library):
    left, right = library.Input((4,), name="left"), library.Input((4,), name="right")
    short = library.Sequential([library.Input((4,)), dense(library, 4)])
    long = library.Sequential(
        [library.Input((4,)), dense(library, 4), dense(library, 4), dense(library, 4)]
    )
    joined = library.layers.Multiply()([short(right), long(left)])
    return library.Model([left, right], dense(library, 4, None)(joined))


def nested_and_shared(library):
    inside = library.Input((4,))
    encoder = library.Model(
        inside, library.layers.Add()([inside, dense(library, 4)(dense(library, 4)(inside))])
    )
    a, b = library.Input((4,), name="a"), library.Input((4,), name="b")
    joined = library.layers.Maximum()([encoder(a), encoder(encoder(b))])
    return library.Model([a, b], dense(library, 4, None)(joined))


def nested_with_two_outputs(library):
    inside = library.Input((4,))
    h = dense(library, 4)(inside)
    split = library.Model(inside, [dense(library, 4)(h), dense(library, 4)(h)])
    x = library.Input((4,))
    first, second = split(x)
    longer = dense(library, 4)(dense(library, 4)(second))
    return library.Model(x, library.layers.Add()([first, longer]))


GRAPHS = {
    make.__name__.replace("_", " "): make
    for make in (
        residual,
        wide_and_deep,
        siamese,
        two_towers,
        layer_at_two_depths,
        two_heads,
        heads_of_a_dictionary,
        deep_and_shallow_heads,
        same_output_twice,
        inputs_of_a_dictionary,
        nested_in_a_line,
        nested_towers,
        nested_and_shared,
        nested_with_two_outputs,
    )
}
