import gzip
import io
import tarfile

import numpy as np
import pytest

from dlcore.data import DataError
from dlcore.data.movielens import movielens
from tests.synthetic import REAL, ratings_text

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float"


def fault(folder):
    with pytest.raises(DataError) as info:
        movielens(folder)
    assert "\n" not in str(info.value)
    return str(info.value)


def as_tar(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("ml-100k/ml-100k.inter")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def same(a, b):
    return all(
        np.array_equal(x, y)
        for p, q in ((a.train, b.train), (a.valid, b.valid))
        for x, y in zip(p.arrays, q.arrays, strict=True)
    )


def test_all_forms_of_the_file_mean_the_same(tmp_path):
    forms = {
        "ratings.csv": ratings_text().encode(),
        "ratings.csv.gz": gzip.compress(ratings_text().encode()),
        "ml-100k.inter": ratings_text(delimiter="\t", header=INTER).encode(),
        "ml-100k.tar.gz": as_tar(ratings_text(delimiter="\t", header=INTER)),
        "u.data": ratings_text(delimiter="\t", header=None).encode(),
    }
    read = []
    for name, data in forms.items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).write_bytes(data)
        read.append(movielens(folder))
    assert all(same(read[0], other) for other in read[1:])


def test_the_split_and_the_rows(tmp_path):
    (tmp_path / "ratings.csv").write_text(ratings_text(500))
    data = movielens(tmp_path)
    assert (len(data.train), len(data.valid)) == (450, 50)
    assert (data.n_users, data.n_items) == (21, 31)
    lines = ratings_text(500).splitlines()[1:]
    first = lines[np.random.RandomState(42).permutation(500)[0]].split(",")
    user, item, rating = (array[0] for array in data.valid.arrays)
    assert (user, item, rating) == (int(first[0]), int(first[1]) - 100, float(first[2]))  # ids 1…20 and 101…130
    assert [array.dtype for array in data.train.arrays] == [np.int64, np.int64, np.float32]


def test_what_only_the_validation_set_has_is_row_0(tmp_path):
    lines = ratings_text(500).splitlines()
    where = np.random.RandomState(42).permutation(500)[0] + 1
    lines[where] = "77,999,3,0"
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    data = movielens(tmp_path)
    assert [int(array[0]) for array in data.valid.arrays[:2]] == [0, 0]
    assert (data.n_users, data.n_items) == (21, 31)
    assert min(data.train.arrays[0].min(), data.train.arrays[1].min()) == 1


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("1,2,6,0", "line 3: rating 6.0 is out of range: ratings are 0 … 5"),
        ("1,2,-1,0", "rating -1.0 is out of range"),
        ("1,2,nan,0", "rating nan is out of range"),
        ("1,2,x,0", "could not convert string 'x' to float32 at line 3, column 3"),
        ("1.5,2,3,0", "could not convert string '1.5' to int64 at line 3, column 1"),
        ("1,2,3", "line 3 has 3 columns where the first has 4"),
    ],
)
def test_bad_rows(tmp_path, line, text):
    lines = ratings_text(50).splitlines()
    lines[2] = line
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    assert text in fault(tmp_path)


def test_what_is_missing_is_named(tmp_path):
    assert "no such folder" in fault(tmp_path / "none")
    assert "holds no ratings.csv.gz, ml-100k.tar.gz, ml-100k.inter or u.data" in fault(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ratings.csv.gz").write_bytes(gzip.compress(ratings_text().encode()))
    assert f"did you mean --data {tmp_path / 'sub'}?" in fault(tmp_path)
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n")
    assert "holds no rows" in fault(tmp_path)
    (tmp_path / "ratings.csv").write_text("a\n1\n2\n")
    assert "ratings.csv" in fault(tmp_path)
    (tmp_path / "ratings.csv").write_text("\n".join(ratings_text().splitlines()[:6]))
    assert "5 ratings are too few" in fault(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "movielens_100k").is_dir(), reason="needs MovieLens 100K")
def test_the_real_files(tmp_path):
    data = movielens(REAL / "movielens_100k")
    assert (len(data.train), len(data.valid), data.n_users) == (90_000, 10_000, 944)
    ratings = np.concatenate([data.train.arrays[2], data.valid.arrays[2]]).astype(int)
    assert np.bincount(ratings).tolist() == [0, 6110, 11370, 27145, 34174, 21201]
    (tmp_path / "ml-100k.tar.gz").symlink_to(REAL / "movielens_100k" / "ml-100k.tar.gz")
    assert same(data, movielens(tmp_path))
