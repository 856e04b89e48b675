"""Small files for the fuzzers to start from: seeds.py DIRECTORY"""

import collections
import io
import os
import pickle
import sys
import tarfile
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

directory = sys.argv[1]
for target in ("pickle", "archive", "safetensors", "npz", "arrays", "tar", "table"):
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

images = np.arange(8, dtype="u1").reshape(2, 2, 2)
arrays = {
    "plain": {"images": images, "labels": np.array([3, 0])},
    "keras": {"x_train": images, "y_train": np.array([[1], [0]], "u1"), "x_test": np.asfortranarray(images)},
    "types": {kind: np.ones(2, kind) for kind in ("?", "i1", ">i2", "<u4", ">i8", "f4", "U3", "S2", "M8[ns]")},
    "objects": {"a": np.array([{}, 1], dtype=object)},
    "records": {"a": np.zeros(2, [("a", "i4"), ("b", "f4")])},
}
for name, value in arrays.items():
    np.savez(f"{directory}/npz/{name}", **value)
    np.savez_compressed(f"{directory}/npz/{name}-packed", **value)
    for protocol in (2, 3, 4, 5):
        with open(f"{directory}/arrays/{name}{protocol}", "wb") as file:
            pickle.dump(value | {"labels": [1, 2], "names": ["a", b"b"]}, file, protocol)
    for key, array in value.items():
        np.save(f"{directory}/arrays/{name}-{key.strip('<>?[]')}.npy", array)

for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
    with tarfile.open(f"{directory}/tar/{form}", "w", format=form) as file:
        for name, data in (("a.jpg", b"image"), ("a.cls", b"1"), ("d/" * 45 + "n" * 60, b"long")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {"size": str(len(data)), "comment": "a=b"}
            file.addfile(info, io.BytesIO(data))
    whole = open(f"{directory}/tar/{form}", "rb").read()
    # The fuzzers' inputs are short: without most of the zeros at the end.
    open(f"{directory}/tar/{form}", "wb").write(whole.rstrip(b"\0") + bytes(1024 + -len(whole.rstrip(b"\0")) % 512))

for name, text in {
    "commas": "file,label\na.jpg,cat\n\"b, c.jpg\",\"d\"\"og\"\n",
    "tabs": "\ufeffa.jpg\t1\r\nb.jpg\t2\r\n\r\n",
    "semicolons": "a,b;1\rc;2\r\"d\ne\";3",
}.items():
    with open(f"{directory}/table/{name}", "w", newline="") as file:
        file.write(text)
