from kpp_twin.compile_ahead import compile_ahead
from kpp_twin.compiled import cache_folder


def test_the_machine_code_of_every_asset_is_kept() -> None:
    compile_ahead()
    kept = {path.name.split("-")[0] for path in cache_folder().rglob("*.nbi")}
    needed = {"kernel.run", "kernel_voltage.lagged", "kernel_voltage.held_voltage", "kernel_storage.optimal_paths"}
    assert needed <= kept
