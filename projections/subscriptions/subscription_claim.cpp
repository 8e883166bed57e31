#include "projections/subscriptions/subscription_claim.hpp"

#include "projections/subscriptions/subscription_documents.hpp"

#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr const char* claim_kind = "subscription_claim";
constexpr unsigned places = 8;
constexpr unsigned digits = 16;

// The random end of the id.
unsigned digit_of(const uuid& id, unsigned place) {
    const unsigned byte = id.bytes[id.bytes.size() - 1 - place / 2];
    return place % 2 == 0 ? byte % digits : byte / digits;
}

}  // namespace

document_write subscription_claim::mark(bool side, unsigned place, unsigned digit, document_action action) const {
    const auto which = ((side ? places : 0) + place) * digits + digit;
    return {claim_kind, numbered_prefix(name_) + static_cast<char>(which), {}, action};
}

void subscription_claim::take() {
    const auto id = uuid::v7();
    std::vector<document_write> writes{{claim_kind, name_, std::string{id.as_bytes()}}};
    for (const bool side : {false, true})
        for (unsigned place = 0; place < places; ++place)
            for (unsigned digit = 0; digit < digits; ++digit) {
                const bool is_missing = !side && digit == digit_of(id, place);
                writes.push_back(mark(side, place, digit, is_missing ? document_action::remove : document_action::put));
            }
    write_documents(store_, writes);
    id_ = id;
    side_ = false;
}

bool subscription_claim::is_held() const {
    if (id_.is_nil()) return false;
    const auto found = store_.find_document(claim_kind, name_);
    return found && found->value == id_.as_bytes();
}

void subscription_claim::expect_held() {
    if (!is_held()) lose();
}

void subscription_claim::lose() {
    id_ = {};
    throw error{error_kind::closed,
                fmt::format("another subscription_runner, in this process or another, has claimed the subscription {} "
                            "since, so this one has stopped; let one of them have it: start() and catch_up() claim it "
                            "back",
                            name_)};
}

void subscription_claim::write(const std::vector<document_write>& documents) {
    expect_held();
    // They are missing on the other side if the last write was stored, though its outcome was lost.
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto writes = documents;
        for (unsigned place = 0; place < places; ++place) {
            writes.push_back(mark(side_, place, digit_of(id_, place), document_action::add));
            writes.push_back(mark(!side_, place, digit_of(id_, place), document_action::remove));
        }
        const bool is_stored = store_.append({}, writes).has_value();
        side_ = !side_;
        if (is_stored) return;
    }
    lose();
}

std::size_t subscription_claim::bytes_of_take(std::string_view name) {
    constexpr std::size_t id_bytes = 16;
    return name.size() + id_bytes + 2UL * places * digits * (name.size() + 2);
}

std::size_t subscription_claim::bytes_of_write(std::string_view name) {
    return 2UL * places * (name.size() + 2);
}

}  // namespace stele::inline v0::detail
