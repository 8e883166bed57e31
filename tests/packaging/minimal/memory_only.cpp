#include <stele/memory.hpp>

/// Appends an event.
int main() {
    stele::memory_store store;
    const stele::stream_id stream{"page-home"};
    const stele::event_data visited{.type = "site.Visited", .payload = "1"};
    if (!store.append(stream, stele::expected_version::no_stream(), std::span(&visited, 1))) return 1;
    return store.stream_version(stream) == stele::version{1} ? 0 : 1;
}
