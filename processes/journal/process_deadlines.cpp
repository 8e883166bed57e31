#include "processes/journal/process_deadlines.hpp"

#include "stele_process.pb.h"

#include <stele/eventstore/detail/number_key.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr const char* deadline_kind = "deadline";

// Big-endian with the sign bit flipped: bytes sort by time, also before 1970.
std::string sortable(timestamp time) {
    return number_key(static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ (std::uint64_t{1} << 63));
}

std::string prefix_of(std::string_view process) {
    return std::string{process} + '\0';
}

std::string key_of(std::string_view process, const due_deadline& deadline) {
    return prefix_of(process) + sortable(deadline.due) + deadline.instance + '\0' + deadline.name;
}

due_deadline parse(std::string_view process, const document& found) {
    v1::ProcessDeadline value;
    if (const auto parsed = parse_message(value, found.value); !parsed)
        throw error(error_kind::undecodable, fmt::format("process {}: a document of the kind \"{}\" cannot be read: {}",
                                                         process, deadline_kind, parsed.error()));
    return {value.instance(), value.name(), timestamp{std::chrono::microseconds{value.due()}}};
}

}  // namespace

document_write put_deadline(std::string_view process, const due_deadline& deadline) {
    v1::ProcessDeadline value;
    value.set_instance(deadline.instance);
    value.set_name(deadline.name);
    value.set_due(deadline.due.time_since_epoch().count());
    return {deadline_kind, key_of(process, deadline), value.SerializeAsString()};
}

document_write remove_deadline(std::string_view process, const due_deadline& deadline) {
    return {deadline_kind, key_of(process, deadline), {}, document_action::remove};
}

std::optional<due_deadline> next_deadline(event_store& store, std::string_view process, std::string& after,
                                          const std::function<bool(const due_deadline&)>& passes_over) {
    document_read_options page{.prefix = prefix_of(process), .after = after, .limit = 1};
    while (true) {
        const auto found = store.list_documents(deadline_kind, page);
        for (const auto& each : found) {
            auto deadline = parse(process, each);
            if (!passes_over(deadline)) return deadline;
            after = each.key;
        }
        if (found.size() < page.limit) return {};
        page.after = found.back().key;
        page.limit = 100;
    }
}

bool deadline_round::has_fired(const due_deadline& deadline) const {
    const auto before = fired.find({deadline.instance, deadline.name});
    return before != fired.end() && before->second >= deadline.due;
}

void deadline_round::set(std::string_view process, const due_deadline& deadline) {
    // All keys of this time are greater.
    if (key_of(process, deadline) <= after) after = prefix_of(process) + sortable(deadline.due);
}

}  // namespace stele::inline v0::detail
