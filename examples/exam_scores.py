"""Exam scores from hours of study and sleep: a 2-3-1 network, trained by gradient descent.

Run: python examples/exam_scores.py
"""

from chainrule.datasets import exam_scores
from chainrule.layers import Dense
from chainrule.models import Sequential

(x_train, y_train), (x_test, y_test) = exam_scores.load_data()

model = Sequential()
model.add(Dense(3, input_dim=2, activation="sigmoid"))
model.add(Dense(1, activation="sigmoid"))
model.compile(optimizer="sgd", loss="mse", metrics=["mae", "mse"])
model.summary()

history = model.fit(x_train, y_train, epochs=50)
loss, mae, mse = model.evaluate(x_test, y_test, verbose=0)

print(f"Loss fell from {history.history['loss'][0]:.4f} to {history.history['loss'][-1]:.4f}.")
print(f"On exams it has not seen it is {100 * mae:.1f} points off, on average.")
