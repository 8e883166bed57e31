#include "commands/open_turns.hpp"

#include <stele/eventstore/detail/number_key.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <chrono>

// The documents of processes and subscriptions as docs/file-format.md describes them: this floor does not know the
// wings that write them.
namespace stele::inline v0::detail {
namespace {

constexpr std::size_t page_size = 1000;
constexpr std::chrono::hours between_clocks{1};

template <class Function>
void for_each_document(event_store& store, std::string_view kind, const Function& function) {
    document_read_options page{.limit = page_size};
    while (true) {
        const auto found = store.list_documents(kind, page);
        for (const document& each : found) function(each);
        if (found.size() < page_size) return;
        page.after = found.back().key;
    }
}

position after_checkpoint(std::string_view kind, const document& found) {
    google::protobuf::UInt64Value reached;  // has the form of a ProcessCheckpoint, and of a SubscriptionCheckpoint
    if (const auto parsed = parse_message(reached, found.value); !parsed)
        throw error(error_kind::undecodable, fmt::format("{} {}: its checkpoint in the store cannot be read: {}.", kind,
                                                         found.key, parsed.error()));
    return position{stored_number(reached.value(), fmt::format("{} {}: its checkpoint", kind, found.key))}.next();
}

// The name of the process, a zero byte, the time with its first bit inverted, …
timestamp due_of(std::string_view key) {
    const auto begin = key.find('\0') + 1;
    const auto bits = number_in_key(key.substr(begin)) ^ (std::uint64_t{1} << 63);
    return timestamp{std::chrono::microseconds{static_cast<std::int64_t>(bits)}};
}

}  // namespace

position first_open_turn(event_store& store, timestamp until) {
    auto first = position::max();
    for (const std::string_view kind : {"process", "subscription"})
        for_each_document(store, kind,
                          [&](const document& found) { first = std::min(first, after_checkpoint(kind, found)); });
    for (const std::string_view kind : {"process_dead_letter", "subscription_dead_letter"})
        for_each_document(store, kind, [&](const document& found) {
            if (found.key.size() > number_key_bytes)
                first = std::min(first, position{number_in_key(found.key.substr(found.key.size() - number_key_bytes))});
        });
    const auto last_due = saturating_add(until, between_clocks);
    for_each_document(store, "deadline", [&](const document& found) {
        if (due_of(found.key) <= last_due) first = std::min(first, found.position);
    });
    return first;
}

}  // namespace stele::inline v0::detail
