import pytest

from chainrule.callbacks import CSVLogger


def run(logger, *epochs, first=0):
    logger.on_train_begin()
    for epoch, logs in enumerate(epochs, start=first):
        logger.on_epoch_end(epoch, logs)
    logger.on_train_end()


def test_every_epoch_is_in_the_file_when_it_is_over(tmp_path):
    path = tmp_path / "deep" / "log.csv"
    logger = CSVLogger(path)
    logger.on_train_begin()
    assert path.read_bytes() == b""
    logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
    assert path.read_bytes() == b"epoch,loss,val_loss\r\n0,0.5,0.25\r\n"
    logger.on_epoch_end(1, {"loss": 0.125})
    assert path.read_bytes().endswith(b"\r\n1,0.125,NA\r\n")


def test_a_run_that_goes_on_writes_no_second_header(tmp_path):
    path = tmp_path / "log.csv"
    run(CSVLogger(path, ";"), {"loss": 1.0})
    run(CSVLogger(path, ";", append=True), {"loss": 2.0, "val_loss": 3.0}, first=1)
    assert path.read_text().splitlines() == ["epoch;loss;val_loss", "0;1.0;NA", "1;2.0;3.0"]
    run(CSVLogger(path), {"loss": 4.0})
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,4.0,NA"]


def test_a_row_that_a_crash_has_torn_stays_a_row_of_its_own(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"epoch,loss,val_loss\r\n0,1.0,NA\r\n1,0.")
    run(CSVLogger(path, append=True), {"loss": 2.0}, first=2)
    assert path.read_text().splitlines()[-2:] == ["1,0.", "2,2.0,NA"]


def test_what_cannot_be_written_fails_before_training(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        CSVLogger(tmp_path / "folder").on_train_begin()
