# Draws the parameters of a model and saves them: draw_weights.py MODEL WEIGHTS.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../numpy"))
from modc_ctypes import Model, Session

session = Session(Model(sys.argv[1]))
session.init(seed=0)
session.save(sys.argv[2])
