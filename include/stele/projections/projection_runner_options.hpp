#pragma once

#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/sqlite/connection_options.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace stele::inline v0 {

namespace detail {
/// The id that Linux gives to this run of the machine; empty if it cannot be read.
std::string boot_id_of_machine();
}  // namespace detail

/// How a runner reads, retries and stores.
struct projection_runner_options {
    /// Most events in one transaction of a read model. More is faster (each transaction costs a write to the file),
    /// fewer means that readers see changes sooner while a projection catches up. At least 1.
    std::size_t batch_events = 1000;
    /// How many projections are worked on at the same time in the background. At least 1.
    std::size_t threads = 2;
    /// How many times in a row a projection may fail in the background before it is faulted. At least 1.
    unsigned attempts = 5;
    /// The pause after the first failure, in any unit. It doubles with each further one, up to 64 times this value.
    detail::saturated<std::chrono::milliseconds> first_backoff = std::chrono::milliseconds{100};
    /// Whether catch_up() and the background rebuild a projection that has changed since its read model was built
    /// (another version, events or tables), as rebuild() does, instead of refusing it with needs_rebuild. They do not
    /// while a complete generation is waiting, new or rolled back: then the decision is yours.
    bool rebuild_changed = false;
    /// Whether what is built from the events compares each of them with its leaf in the hash tree
    /// (all_read_options::compare_leaves): a rebuild, and a read model until it is complete for the first time. An
    /// event that was changed ends it with corrupt, which names the position. What is read later, as it is appended, is
    /// not compared; nor is what a projection in memory reads at each start.
    bool compare_leaves = true;
    /// How the SQLite files of the read models are opened.
    connection_options connection = {};
    /// Returns an id that is different after every restart of the machine: a rebuild that was interrupted by a power
    /// cut must not be resumed. The default asks Linux. Where that fails it returns an empty id, and no interrupted
    /// rebuild is resumed.
    std::function<std::string()> boot_id = &detail::boot_id_of_machine;
};

}  // namespace stele::inline v0
