#include "commands/receipts.hpp"

#include "commands/open_turns.hpp"
#include "stele_receipt.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/codec/detail/message_check.hpp>
#include <stele/commands/detail/key_reused.hpp>
#include <stele/eventstore/detail/parse_message.hpp>
#include <stele/eventstore/detail/quiet_protobuf.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/detail/stored_number.hpp>
#include <stele/eventstore/detail/utf8.hpp>
#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <utility>

namespace stele::inline v0 {
namespace {

constexpr const char* receipt_kind = "receipt";

/// A digest of the command's bytes. Only version 0.1 compares it: so a program that goes back to 0.1 still answers from
/// the receipts of this one.
std::string digest_of(const google::protobuf::Message& command) {
    // Protobuf would print a line about a text that is not UTF-8; whether that matters is for `decide` to say.
    const detail::quiet_protobuf quiet;
    std::string bytes;
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream out(&stream);
        out.SetSerializationDeterministic(true);
        command.SerializePartialToCodedStream(&out);
    }
    const auto digest = uuid::v5({}, bytes);
    return std::string{digest.as_bytes()};
}

/// The version of the event at a position; `if_new` if it was removed and its stream had not been deleted before it,
/// and 0 if it cannot be known any more.
version version_at(event_store& store, const stream_id& stream, position at, version if_new) {
    for (const recorded_event& event : store.read_all({.after = {at.value - 1}, .up_to = at}).events())
        return event.version;
    return detail::was_deleted(store, stream, {}, at) ? version{} : if_new;
}

/// What every receipt has.
v1::Receipt begin_receipt(const google::protobuf::Message& command, const stream_id& stream, const std::string& digest,
                          std::optional<returned_value> value) {
    v1::Receipt kept;
    kept.set_command(command.GetDescriptor()->full_name());
    kept.set_stream(stream.str());
    kept.set_digest(digest);
    if (value) {
        kept.mutable_value()->set_type(std::move(value->type));
        kept.mutable_value()->set_bytes(std::move(value->bytes));
    }
    return kept;
}

/// The position so many events before.
position before(position last, std::uint64_t events) {
    return {last.value - std::min(events, last.value)};
}

std::optional<std::pair<v1::Receipt, position>> find_receipt(event_store& store, const uuid& key) {
    const auto found = store.find_document(receipt_kind, key.as_bytes());
    if (!found) return {};
    std::optional<std::pair<v1::Receipt, position>> result{std::in_place, v1::Receipt{}, found->position};
    if (const auto parsed = detail::parse_message(result->first, found->value); !parsed)
        throw error(error_kind::undecodable, fmt::format("The receipt for the idempotency key {} cannot be read: {}.",
                                                         key.str(), parsed.error()));
    return result;
}

}  // namespace

namespace detail {

receipts::receipts(event_store& store, const stream_id& stream, const google::protobuf::Message& command,
                   const send_options& options)
    : store_(store), stream_(stream), command_(command), options_(options) {
    if (!options.idempotency_key) return;
    if (options.idempotency_key->is_nil())
        throw error(
            error_kind::invalid_argument,
            fmt::format(
                "The idempotency key of the command {} is nil: make one with stele::make_idempotency_key, or omit it.",
                command.GetDescriptor()->full_name()));
    check_readable(command);
    key_ = options.idempotency_key->as_bytes();
    digest_ = digest_of(command);
}

std::optional<std::expected<receipt, command_error>> receipts::recall() const {
    if (key_.empty()) return {};
    const auto found = find_receipt(store_, *options_.idempotency_key);
    if (!found) return {};
    const auto& [kept, written_at] = *found;
    const auto& command = command_.GetDescriptor()->full_name();
    if (kept.has_transaction())
        throw error(
            error_kind::invalid_argument,
            fmt::format("The idempotency key {} was used for a transaction before, and cannot be used for {} for "
                        "{}: give each transaction and each command a key of its own.",
                        options_.idempotency_key->str(), command, stream_.str()));
    if (kept.command() != command || kept.stream() != stream_.str())
        throw key_reused(
            fmt::format("The idempotency key {} was used for {} for {} before, and cannot be used for {} for {}: "
                        "give each command a key of its own.",
                        options_.idempotency_key->str(), kept.command(), kept.stream(), command, stream_.str()),
            kept.command(), kept.stream(), command, stream_.str());
    if (kept.has_rejection())
        return std::unexpected(command_error{
            command, stream_, rejection{.code = kept.rejection().code(), .message = kept.rejection().message()}, 0});
    const auto number = [&](std::uint64_t value) {
        return stored_number(
            value, fmt::format("A number in the receipt for the idempotency key {}", options_.idempotency_key->str()));
    };
    receipt result{{{number(kept.version())}, before(written_at, number(kept.events_after()))}, stream_, true};
    if (kept.has_position()) result.position = {number(kept.position())};
    if (kept.has_value()) result.returned = returned_value{kept.value().type(), kept.value().bytes()};
    if (kept.began_stream()) result.version = version_at(store_, stream_, result.position, result.version);
    return result;
}

std::optional<returned_value> receipts::value_of(const any_decision& decision) const {
    if (decision.value() == nullptr) return std::nullopt;
    auto encoded = encode_event(*decision.value(), {});
    if (const auto most = store_.limits().event_bytes / 2; encoded.payload.size() > most)
        throw error(error_kind::invalid_argument,
                    fmt::format("The command {} was not accepted: decide answers with a {} of {} bytes, and a receipt "
                                "holds {} (half of store_limits::event_bytes). Answer with less, for example with the "
                                "id of a document.",
                                command_.GetDescriptor()->full_name(), encoded.type, encoded.payload.size(), most));
    return returned_value{std::move(encoded.type), std::move(encoded.payload)};
}

std::vector<document_write> receipts::remember(const any_decision& decision, const stream_position& reached) const {
    return remember(decision, {reached.version.value + decision.events().size()},
                    reached.version.value == 0 && !decision.events().empty(),
                    decision.events().empty() ? std::optional{reached.position} : std::nullopt);
}

std::vector<document_write> receipts::remember_among(const any_decision& decision, version reached, bool begins) const {
    return remember(decision, {reached.value + decision.events().size()}, begins, {});
}

std::vector<document_write> receipts::remember_at_end(const any_decision& decision, position reached) const {
    if (decision.events().empty()) return remember(decision, {}, false, reached);
    return remember(decision, {}, true, {});
}

void receipts::add_place(document_write& receipt, std::size_t events_after) {
    v1::Receipt place;
    place.set_events_after(events_after);
    receipt.value += place.SerializeAsString();  // messages in a row are merged when they are read
}

std::vector<document_write> receipts::remember(const any_decision& decision, version end, bool begins,
                                               std::optional<position> at) const {
    const auto* no = decision.rejection();
    if (key_.empty() || (no != nullptr && !options_.remember_rejection)) return {};
    auto kept = begin_receipt(command_, stream_, digest_, value_of(decision));
    if (no != nullptr) {
        kept.mutable_rejection()->set_code(no->code);
        // A text that has no room is shortened in the receipt: it must not keep the rejection from its caller.
        kept.mutable_rejection()->set_message(std::string{cut_utf8(no->message, store_.limits().event_bytes / 2)});
    } else {
        kept.set_version(end.value);
        kept.set_began_stream(begins);
        if (at) kept.set_position(at->value);
    }
    return {{receipt_kind, key_, kept.SerializeAsString(), document_action::add}};
}

void receipts::correct(const any_decision& decision, const stream_position& reached,
                       const stream_position& written) const noexcept {
    if (key_.empty() || reached.version.value != 0 || written.version.value == decision.events().size()) return;
    try {
        auto kept = begin_receipt(command_, stream_, digest_, value_of(decision));
        kept.set_version(written.version.value);
        kept.set_position(written.position.value);
        const document_write correction{receipt_kind, key_, kept.SerializeAsString(), document_action::put};
        write_documents(store_, {&correction, 1});
    } catch (...) {
        // As it is, it is right for as long as the event is there.
    }
}

void read_value(const returned_value& value, google::protobuf::Message& message) {
    const auto& type = message.GetDescriptor()->full_name();
    if (value.type != type)
        throw error(error_kind::undecodable,
                    fmt::format("The value of the receipt is a {}, not a {}.", value.type, type));
    if (const auto parsed = parse_message(message, value.bytes); !parsed)
        throw error(error_kind::undecodable,
                    fmt::format("The value of the receipt is not a {}: {}.", type, parsed.error()));
}

document_write transaction_receipt_document(const uuid& key, std::span<const unit_of_work::end_of_stream> ends,
                                            position reached) {
    v1::Receipt kept;
    auto& transaction = *kept.mutable_transaction();
    for (const auto& end : ends) {
        auto& stream = *transaction.add_streams();
        stream.set_stream(end.stream.str());
        stream.set_version(end.version.value);
        stream.set_began_stream(end.begins);
        stream.set_events_after(end.events_after);
    }
    if (ends.empty()) transaction.set_position(reached.value);
    return {receipt_kind, std::string{key.as_bytes()}, kept.SerializeAsString(), document_action::add};
}

void correct_transaction(event_store& store, const uuid& key, std::span<const unit_of_work::end_of_stream> expected,
                         std::span<const receipt> written) noexcept {
    if (std::ranges::equal(expected, written, {}, &unit_of_work::end_of_stream::version, &receipt::version)) return;
    try {
        v1::Receipt kept;
        for (const auto& end : written) {
            auto& stream = *kept.mutable_transaction()->add_streams();
            stream.set_stream(end.stream.str());
            stream.set_version(end.version.value);
            stream.set_position(end.position.value);
        }
        const document_write correction{receipt_kind, std::string{key.as_bytes()}, kept.SerializeAsString(),
                                        document_action::put};
        write_documents(store, {&correction, 1});
    } catch (...) {
        // As it is, it is right for as long as the events are there.
    }
}

std::optional<transaction_receipt> recall_transaction(event_store& store, const uuid& key) {
    const auto found = find_receipt(store, key);
    if (!found) return {};
    const auto& [kept, written_at] = *found;
    if (!kept.has_transaction())
        throw key_reused(
            fmt::format("The idempotency key {} was used for {} for {} before, and cannot be used for a transaction: "
                        "give each transaction and each command a key of its own.",
                        key.str(), kept.command(), kept.stream()),
            kept.command(), kept.stream(), {}, {});
    const auto what = fmt::format("A number in the receipt for the idempotency key {}", key.str());
    const auto& transaction = kept.transaction();
    transaction_receipt result{.position = {stored_number(transaction.position(), what)}, .repeated = true};
    for (const auto& each : transaction.streams()) {
        receipt end{
            {{stored_number(each.version(), what)}, before(written_at, stored_number(each.events_after(), what))},
            stream_id{each.stream()},
            true};
        if (each.has_position()) end.position = {stored_number(each.position(), what)};
        if (each.began_stream()) end.version = version_at(store, end.stream, end.position, end.version);
        result.position = std::max(result.position, end.position);
        result.streams.push_back(std::move(end));
    }
    return result;
}

}  // namespace detail

uuid make_idempotency_key(const uuid& name_space, std::string_view name) {
    return uuid::v5(name_space, name);
}

std::uint64_t forget_receipts(event_store& store, detail::saturated<timestamp> written_before) {
    constexpr std::size_t batch = 1000;
    const auto kept_after = detail::first_open_turn(store, written_before);
    std::uint64_t forgotten = 0;
    document_read_options page{.limit = batch};
    while (true) {
        const auto found = store.list_documents(receipt_kind, page);
        if (found.empty()) return forgotten;
        page.after = found.back().key;
        std::vector<document_write> removals;
        for (const document& kept : found)
            if (kept.written_at < written_before && kept.position < kept_after)
                removals.push_back({receipt_kind, kept.key, {}, document_action::remove});
        if (removals.empty()) continue;
        detail::write_documents(store, removals);
        forgotten += removals.size();
    }
}

}  // namespace stele::inline v0
