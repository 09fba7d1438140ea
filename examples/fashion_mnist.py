"""Clothes in ten classes: softmax regression on Fashion-MNIST, trained by Adam.

Run: python examples/fashion_mnist.py            (the full set; see `chainrule data list`)
     python examples/fashion_mnist.py --sample   (the 6,000 images that come with chainrule)
"""

import sys

from chainrule.datasets import fashion_mnist
from chainrule.layers import Dense, Flatten, Rescaling
from chainrule.models import Sequential

load = fashion_mnist.load_sample if "--sample" in sys.argv[1:] else fashion_mnist.load_data
(x_train, y_train), (x_test, y_test) = load()

model = Sequential()
model.add(Rescaling(1 / 255, input_shape=(28, 28)))  # images stay bytes in memory
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

model.fit(x_train, y_train, epochs=10, validation_data=(x_test, y_test))
test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=2)

names = fashion_mnist.class_names
probabilities = model.predict(x_test[:5], verbose=0)
for row, truth in zip(probabilities, y_test, strict=False):
    guess = row.argmax()
    print(f"{names[guess]} ({row[guess]:.0%}); it is a picture of: {names[truth]}")
