#include <stele/eventstore/detail/write_documents.hpp>

#include <stdexcept>

namespace stele::inline v0::detail {

void write_documents(event_store& store, std::span<const document_write> documents) {
    if (const auto written = store.append({}, documents); !written) throw std::logic_error(written.error().message());
}

}  // namespace stele::inline v0::detail
