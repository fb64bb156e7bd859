import struct

import numpy as np

from dlcore.train import CSVLogger, TensorBoard
from dlcore.train.logs import crc32c

from .common import learner


def test_the_table_as_csv(tmp_path):
    logger = CSVLogger()
    learn = learner(path=tmp_path, callbacks=[logger])
    learn.fit(3)
    assert logger.read(tmp_path) == learn.recorder.rows
    learn.lr_find()
    assert logger.read(tmp_path)[-1]["epoch"] == 3  # a search for a rate is no training
    learn.fit(1)
    assert len(logger.read(tmp_path)) == 1


def fields(data):
    """A protocol buffer's fields, as (number, value); nested ones are bytes."""

    def varint():
        nonlocal data
        value = shift = 0
        while True:
            byte, data = data[0], data[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    found = []
    while data:
        key = varint()
        kind = key & 7
        if kind == 0:
            found.append((key >> 3, varint()))
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        found.append((key >> 3, data[:size]))
        data = data[size:]
    return found


def events(path):
    """(step, tag, value) of each scalar, every checksum tested."""
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = data[12 : 12 + length]
        for part, stored in ((data[:8], data[8:12]), (event, data[12 + length : 16 + length])):
            crc = crc32c(part)
            assert struct.unpack("<I", stored)[0] == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
        values = fields(event)
        step = dict(values)[2]
        for number, content in values:
            if number == 3:
                found.append((step, "version", content.decode()))
            for _, value in fields(content) if number == 5 else ():
                tag, number32 = dict(fields(value))[1], dict(fields(value))[2]
                found.append((step, tag.decode(), struct.unpack("<f", number32)[0]))
        data = data[16 + length :]
    return found


def test_event_files_for_tensorboard(tmp_path):
    learn = learner(path=tmp_path, callbacks=[TensorBoard(every=5)])
    learn.fit_one_cycle(2)
    [file] = (tmp_path / "runs").iterdir()
    got = events(file)
    assert got[0] == (0, "version", "brain.Event:2") and "tfevents" in file.name
    recorder = learn.recorder
    for tag, step, value in (
        ("batch/train_loss", 5, recorder.losses[4]),
        ("batch/train_loss", 10, recorder.losses[9]),
        ("epoch/valid_loss", 2, recorder.val_losses[1]),
        ("epoch/accuracy", 1, recorder.metrics[0][0]),
    ):
        assert (step, tag, np.float32(value)) in got
    assert sum(tag == "batch/lr" for _, tag, _ in got) == 2
