"""Files of searches, read by what people read them with."""

import io
import json
import urllib.request
import zipfile

import numpy as np
import pytest
from conftest import running
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO


@pytest.fixture(scope="module")
def flown(flights):
    """A server with twelve frames of one drone, images and all."""
    with running() as server:
        drone = server.fly("kestrel-1", "valley", flights[0], 30, max_gap_ms=20000, store_images="original")
        while len(server.ask("GET", "/v1/frames?limit=12")["items"]) < 12:
            pass
        drone.land()
        yield server


def get(server, path):
    with urllib.request.urlopen(server.url + path, timeout=60) as answer:
        return answer.read()


def test_pycocotools_sees_the_masks_that_the_server_stores(flown, tmp_path):
    with zipfile.ZipFile(io.BytesIO(get(flown, "/v1/exports/coco.zip?drone=kestrel-1&limit=10"))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    dataset = COCO(tmp_path / "annotations/instances_default.json")
    assert len(dataset.imgs) == 10
    for image in dataset.imgs.values():
        record = flown.ask("GET", f"/v1/frames/{image['frame_id']}")
        values = {item["name"]: item["value"] for item in record["classes"]}
        labels = np.array(Image.open(io.BytesIO(get(flown, f"/v1/frames/{image['frame_id']}/mask"))))
        covered = np.zeros(labels.shape, int)
        for annotation in dataset.imgToAnns[image["id"]]:
            mask = dataset.annToMask(annotation)
            wanted = labels == values[dataset.cats[annotation["category_id"]]["name"]]
            assert (mask == wanted).all()
            assert annotation["area"] == wanted.sum() == rle.area(annotation["segmentation"])
            assert list(rle.toBbox(annotation["segmentation"])) == annotation["bbox"]
            covered += mask
        assert (covered == 1).all()
        picture = (tmp_path / "images/default" / image["file_name"]).read_bytes()
        assert picture == get(flown, f"/v1/frames/{image['frame_id']}/image")


def test_an_archive_goes_on_where_the_one_before_ended(flown):
    seen, after = [], ""
    while True:
        query = f"limit=5&images=false{after}"
        with zipfile.ZipFile(io.BytesIO(get(flown, f"/v1/exports/coco.zip?{query}"))) as archive:
            assert archive.namelist() == ["annotations/instances_default.json"]
            dataset = json.loads(archive.read(archive.namelist()[0]))
        assert len(dataset["images"]) <= 5
        seen += [image["frame_id"] for image in dataset["images"]]
        if not dataset["info"]["next_after"]:
            break
        after = f"&after={dataset['info']['next_after']}"
    lines = get(flown, "/v1/exports/frames.ndjson").splitlines()
    assert seen == [json.loads(line)["id"] for line in lines]


def test_a_session_s_page_leads_to_its_files(page, flown):
    session = flown.ask("GET", "/v1/frames?limit=1")["items"][0]["session_id"]
    page.go(f"{flown.url}/#/session/{session}")
    page.until("document.querySelectorAll('.files a[download]').length === 3")
    files = page.evaluate("[...document.querySelectorAll('.files a[download]')].map((a) => a.getAttribute('href'))")
    table, collection, archive = (get(flown, f"/{file}") for file in files)
    assert len(table.splitlines()) == 13
    assert len(json.loads(collection)["features"]) == 12
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
