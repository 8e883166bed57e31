#include "projections/runner/stored_checkpoint.hpp"

#include <stele/eventstore/detail/write_documents.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <string>

namespace stele::inline v0::detail {

// To remove a document that nobody has changes nothing.
void expect_saving(event_store& store, std::string_view kind, std::string_view name) {
    const document_write nothing{std::string{kind}, std::string{name} + ".none", {}, document_action::remove};
    write_documents(store, {&nothing, 1});
}

void expect_reached(event_store& store, position checkpoint, std::string_view who) {
    if (const auto head = store.head(); checkpoint > head)
        throw error(error_kind::other_store,
                    fmt::format("{}: its checkpoint in the store is position {}, and the store ends at {}: it is of "
                                "another store, or damaged; nothing was done; restore a backup of this store",
                                who, checkpoint.value, head.value));
}

}  // namespace stele::inline v0::detail
