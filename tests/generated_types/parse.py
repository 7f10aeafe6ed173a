"""Reads answers with models that datamodel-code-generator made. It runs where that is installed, and nothing of ours.

Its arguments are the file of the models and a JSON file of answers, each as [model, whether it is a list, answer]. On
its output is how many there were; an answer that does not fit its model ends it.
"""

import importlib.util
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

spec = importlib.util.spec_from_file_location("models", sys.argv[1])
models = importlib.util.module_from_spec(spec)
sys.modules["models"] = models
spec.loader.exec_module(models)

answers = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
for name, is_list, answer in answers:
    model = getattr(models, name)
    TypeAdapter(list[model] if is_list else model).validate_json(json.dumps(answer))
sys.stdout.write(str(len(answers)))
