// RUN: modc-opt %s --modular-derive-programs -split-input-file -verify-diagnostics

// expected-error @below {{expected one 'modular.network', found 0}}
module {
}

// -----

modular.network @dynamic {
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x3xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<3x2xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x?x3xf32>, %h0: tensor<?x3xf32>) -> tensor<?x3xf32> {
    // expected-error @below {{holds a layer, so dimension 1 of its sequences must be static}}
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x?x3xf32>)
        -> tensor<?x3xf32> {
      // expected-note @below {{the layer is here}}
      %hn = modular.layer @p(%x : tensor<?x3xf32>) by @c(%hp : tensor<?x3xf32>) choose 1 compose sum -> tensor<?x3xf32>
      modular.yield %hn : tensor<?x3xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
}

// -----

// Each parameter fits, both do not: 2^40 elements are the most that one may have.

// expected-error @below {{'modular.network' op has too many parameters for an arena}}
modular.network @large {
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %a = modular.parameter "a" init(zeros) : tensor<1048576x1048576xf32>
    %b = modular.parameter "b" init(zeros) : tensor<1048576x1048576xf32>
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @p [@m x 16]
  modular.controller @c(%x: tensor<?x3xf32>) -> tensor<?x1x16xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<3x16xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x16xf32> -> tensor<?x16xf32>
    %r = modular.reshape %s : tensor<?x16xf32> -> tensor<?x1x16xf32>
    modular.yield %r : tensor<?x1x16xf32>
  }
  modular.graph(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %y = modular.layer @p(%x : tensor<?x3xf32>) by @c(%x : tensor<?x3xf32>) choose 1 compose sum -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
}

// -----

// Choices count in 31 bits.

modular.network @long {
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x3xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<3x2xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x1073741824x3xf32>, %h0: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x1073741824x3xf32>)
        -> tensor<?x3xf32> {
      // expected-error @below {{'modular.layer' op has too many choices for one point}}
      %hn = modular.layer @p(%x : tensor<?x3xf32>) by @c(%hp : tensor<?x3xf32>) choose 1 compose sum -> tensor<?x3xf32>
      modular.yield %hn : tensor<?x3xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
}

// -----

// A product that does not fit 64 bits: 2^38 rows a point at each of 2^38 steps.

modular.network @overflow {
  modular.module @m(%x: tensor<?x1xf32>) -> tensor<?x1xf32> {
    modular.yield %x : tensor<?x1xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x1xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<1x2xf32>
    %s = modular.linear %x, %w : tensor<?x1xf32>, tensor<1x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x274877906944x1xf32>, %h0: tensor<?x274877906944x1xf32>) -> tensor<?x274877906944x1xf32> {
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x274877906944x1xf32>) over(%x = %xs : tensor<?x274877906944x1xf32>)
        -> tensor<?x274877906944x1xf32> {
      %rows = tensor.collapse_shape %hp [[0, 1], [2]] : tensor<?x274877906944x1xf32> into tensor<?x1xf32>
      // expected-error @below {{'modular.layer' op has too many choices for one point}}
      %hn = modular.layer @p(%rows : tensor<?x1xf32>) by @c(%rows : tensor<?x1xf32>) choose 1 compose sum rows 274877906944 -> tensor<?x1xf32>
      modular.yield %hp : tensor<?x274877906944x1xf32>
    }
    modular.output %h : tensor<?x274877906944x1xf32>
  }
}

// -----

modular.network @nested {
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x3xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<3x2xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x4x3xf32>, %h0: tensor<?x3xf32>) -> tensor<?x3xf32> {
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x4x3xf32>)
        -> tensor<?x3xf32> {
      %i = modular.scan step(%u) carry(%ip = %hp : tensor<?x3xf32>) over(%z = %xs : tensor<?x4x3xf32>)
          -> tensor<?x3xf32> {
        // expected-error @below {{'modular.layer' op is not supported inside a scan inside a scan}}
        %hn = modular.layer @p(%z : tensor<?x3xf32>) by @c(%ip : tensor<?x3xf32>) choose 1 compose sum -> tensor<?x3xf32>
        modular.yield %hn : tensor<?x3xf32>
      }
      modular.yield %i : tensor<?x3xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
}
