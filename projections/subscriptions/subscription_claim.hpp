#pragma once

#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// Which runner has a subscription: the one that has claimed it last. Whoever had it before can neither handle another
/// batch nor store anything.
///
/// In the store a claim is a number, one more than the one before, and a token that is replaced with each write of the
/// holder: of the two tokens of a number, one is there and the next write adds the other. The next claim adds both, so
/// that this write is a conflict, in the same transaction as everything else in it. Documents of the kind
/// "subscription_claim"; the key is the name, a zero byte, the number (8 bytes, big-endian) and the token (0 or 1).
/// Those of a few earlier claims are kept, for a holder that slept through several. One thread at a time.
class subscription_claim {
public:
    /// The store must outlive it.
    subscription_claim(event_store& store, std::string_view name) : store_(store), name_(name) {}

    /// Whether this one had it the last time it looked.
    [[nodiscard]] bool was_held() const noexcept { return number_ != 0; }
    /// Whether this one has it.
    [[nodiscard]] bool is_held() const;
    /// Takes it from whoever has it. Throws what the store throws, and busy if others take it all the time.
    void take();
    /// Throws closed if another one has it.
    void expect_held();
    /// Writes documents, all or none. Throws closed, and has written nothing, if another one has taken the claim; and
    /// what the store throws.
    void write(std::vector<document_write> documents);

private:
    [[noreturn]] void lose();
    [[nodiscard]] std::uint64_t last_number() const;
    [[nodiscard]] document_write token(std::uint64_t number, bool which, document_action action) const;

    event_store& store_;
    std::string name_;
    std::uint64_t number_ = 0;  // 0: not held
    bool token_ = false;        // the one that is there
};

}  // namespace stele::inline v0::detail
