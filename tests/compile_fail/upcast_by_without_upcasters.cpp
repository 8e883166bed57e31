// first error: name the struct of the upcasters: stele::upcast_by<upcasters>(hana::tuple_t<First, Second>)
#include "warehouse.pb.h"

#include <stele/codec/codec.hpp>

namespace hana = boost::hana;

struct consumer {
    static constexpr auto events = stele::upcast_by(hana::tuple_t<warehouse::ItemAddedV3>);
};
