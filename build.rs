//! Links the addon; on Linux with `-z nodelete`, so that no worker's exit unloads it.

fn main() {
    napi_build::setup();
}
