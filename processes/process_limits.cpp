#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/processes/process_limits.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

void check_instances(std::string_view process, std::size_t instances) {
    if (instances > max_instances_per_event)
        throw error(error_kind::invalid_argument,
                    fmt::format("process {}: `instance_id` gives one event to more than {} instances. Let an event "
                                "name fewer, or send commands to an aggregate that records one event for each.",
                                process, max_instances_per_event));
}

void check_deadline_name(std::string_view process, std::string_view name) {
    if (name.empty() || name.size() > max_deadline_name_bytes)
        throw error(error_kind::invalid_argument,
                    fmt::format("process {}: the name of a deadline has {} bytes; it must have 1 to {}", process,
                                name.size(), max_deadline_name_bytes));
    if (const auto repaired = repair_utf8(name); repaired != name)
        throw error(error_kind::invalid_argument,
                    fmt::format("process {}: the name of the deadline \"{}\" is not UTF-8", process, repaired));
}

void check_commands(std::string_view where, std::uint64_t commands, std::uint64_t most) {
    if (commands > most)
        throw error(error_kind::invalid_argument,
                    fmt::format("{}: one event leads to more than {} commands. A process that answers a rejection with "
                                "the same command never ends; if it needs so many, raise "
                                "process_runner_options::commands_per_turn.",
                                where, most));
}

}  // namespace stele::inline v0::detail
