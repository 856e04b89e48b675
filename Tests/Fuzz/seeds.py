"""Small files for the fuzzers to start from: seeds.py DIRECTORY"""

import collections
import io
import os
import sys
import zipfile

import torch
from safetensors.torch import save_file

directory = sys.argv[1]
for target in ("pickle", "archive", "safetensors"):
    os.makedirs(f"{directory}/{target}", exist_ok=True)

w = torch.arange(12.0).reshape(3, 4)
types = (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
objects = {
    "one": {"w": w[:1, :2].clone()},
    "views": collections.OrderedDict(w=w, t=w.t(), s=w[1:, ::2], r=w[0], e=w[:1, :1].expand(2, 3)),
    "types": {str(type): torch.ones(2).to(type) for type in types} | {"bool": torch.ones(2).bool()},
    "odd": {"scalar": torch.tensor(1.0), "empty": torch.empty(0, 3), "p": torch.nn.Parameter(torch.ones(1))},
    "model": model.state_dict(),
    "checkpoint": {"epoch": 3, "lr": 0.1, "big": 2**70, "names": ["a", ("b",)], "counts": collections.Counter("aab"),
                   "size": torch.Size([1, 2]), "state_dict": {"w": w[0].clone()}},
}
for name, value in objects.items():
    for protocol in (2, 4):
        stem = f"{name}{protocol}"
        torch.save(value, f"{directory}/pickle/{stem}", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
        new = io.BytesIO()
        torch.save(value, new, pickle_protocol=protocol)
        # Packed again without the padding, as the fuzzers' inputs are short.
        source = zipfile.ZipFile(new)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(f"{directory}/archive/{stem}-{method}", "w", method) as file:
                for entry in source.namelist():
                    if not entry.startswith("archive/."):
                        file.writestr(entry.replace("archive/", "a/"), source.read(entry))
torch.save(objects["one"], f"{directory}/archive/whole")

save_file({"w": w, "n": torch.tensor(3)}, f"{directory}/safetensors/two", metadata={"format": "pt", "a": "\u00e4\n"})
save_file({str(type): torch.ones(2).to(type) for type in types}, f"{directory}/safetensors/types")
save_file({"empty": torch.empty(0, 3)}, f"{directory}/safetensors/empty")
