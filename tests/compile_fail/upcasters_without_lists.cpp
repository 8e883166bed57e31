// first error: the struct of the upcasters has none of the lists `outdated`, `aliases` and `ignored`: add one
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>

namespace hana = boost::hana;

struct upcasters {
    static warehouse::ItemAddedV3 upcast(const warehouse::ItemAdded&) { return {}; }
};

struct consumer {
    static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<warehouse::ItemAddedV3>);
};
