// Networks whose values test_network.py works out by hand, and others whose
// gradients it compares with finite differences.

// One input: two members 2x + 1 and -x, and scores (x, 0).
modular.network @pair {
  modular.module @affine(%x: tensor<?x1xf64>) -> tensor<?x1xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<1x1xf64>
    %b = modular.parameter "bias" init(zeros) : tensor<1xf64>
    %y = modular.linear %x, %w, %b : tensor<?x1xf64>, tensor<1x1xf64>, tensor<1xf64> -> tensor<?x1xf64>
    modular.yield %y : tensor<?x1xf64>
  }
  modular.pool @experts [@affine x 2]
  modular.controller @router(%x: tensor<?x1xf64>) -> tensor<?x1x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<1x2xf64>
    %s = modular.linear %x, %w : tensor<?x1xf64>, tensor<1x2xf64> -> tensor<?x2xf64>
    %r = modular.reshape %s : tensor<?x2xf64> -> tensor<?x1x2xf64>
    modular.yield %r : tensor<?x1x2xf64>
  }
  modular.graph(%x: tensor<?x1xf64>) -> tensor<?x1xf64> {
    %y = modular.layer @experts(%x : tensor<?x1xf64>) by @router(%x : tensor<?x1xf64>)
        choose 1 compose sum -> tensor<?x1xf64>
    modular.output %y : tensor<?x1xf64>
  }
  modular.objective gaussian(sigma = 2.0)
}

// Every way to compose two picks of three members that multiply by 1, 10 and 100.
// The scores are inputs.
modular.network @compositions {
  modular.module @scale(%x: tensor<?x1xf64>) -> tensor<?x1xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<1x1xf64>
    %y = modular.linear %x, %w : tensor<?x1xf64>, tensor<1x1xf64> -> tensor<?x1xf64>
    modular.yield %y : tensor<?x1xf64>
  }
  modular.pool @experts [@scale x 3]
  modular.controller @scores(%s: tensor<?x2x3xf64>) -> tensor<?x2x3xf64> {
    modular.yield %s : tensor<?x2x3xf64>
  }
  modular.controller @given(%s: tensor<?x2x3xf64>) -> tensor<?x2x3xf64> distribution(#modular.fixed) {
    modular.yield %s : tensor<?x2x3xf64>
  }
  modular.graph(%x: tensor<?x1xf64>, %s: tensor<?x2x3xf64>) -> (tensor<?x1xf64>, tensor<?x1xf64>, tensor<?x2xf64>, tensor<?x1xf64>, tensor<?x1xf64>, tensor<?x1xf64>) {
    %sum = modular.layer @experts(%x : tensor<?x1xf64>) by @scores(%s : tensor<?x2x3xf64>) choose 2 compose sum -> tensor<?x1xf64>
    %mean = modular.layer @experts(%x : tensor<?x1xf64>) by @scores(%s : tensor<?x2x3xf64>) choose 2 compose mean duplicates once -> tensor<?x1xf64>
    %concat = modular.layer @experts(%x : tensor<?x1xf64>) by @scores(%s : tensor<?x2x3xf64>) choose 2 compose concat -> tensor<?x2xf64>
    %fixed = modular.layer @experts(%x : tensor<?x1xf64>) by @scores(%s : tensor<?x2x3xf64>) choose 2 compose gated gate fixed [0.25, 0.5] -> tensor<?x1xf64>
    %soft = modular.layer @experts(%x : tensor<?x1xf64>) by @scores(%s : tensor<?x2x3xf64>) choose 2 compose gated gate soft -> tensor<?x1xf64>
    %given = modular.layer @experts(%x : tensor<?x1xf64>) by @given(%s : tensor<?x2x3xf64>) choose 2 compose sum -> tensor<?x1xf64>
    modular.output %sum, %mean, %concat, %fixed, %soft, %given : tensor<?x1xf64>, tensor<?x1xf64>, tensor<?x2xf64>, tensor<?x1xf64>, tensor<?x1xf64>, tensor<?x1xf64>
  }
}

// Two layers that share a pool of two bodies, an MLP controller that reads the
// input of the network, a skip, nested instances, soft gates, classes.
modular.network @deep {
  modular.module @dense(%x: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %w = modular.parameter "weight" init(glorot_normal) : tensor<3x3xf64>
    %b = modular.parameter "bias" init(uniform(-0.5, 0.5)) : tensor<3xf64>
    %y = modular.linear %x, %w, %b : tensor<?x3xf64>, tensor<3x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
    modular.yield %y : tensor<?x3xf64>
  }
  modular.module @nested(%x: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %g = modular.apply @dense as "in"(%x) : (tensor<?x3xf64>) -> tensor<?x3xf64>
    %h = modular.gelu %g : tensor<?x3xf64>
    %y = modular.apply @dense as "out"(%h) : (tensor<?x3xf64>) -> tensor<?x3xf64>
    modular.yield %y : tensor<?x3xf64>
  }
  modular.pool @mixed [@dense x 2, @nested]
  modular.controller @mlp(%x: tensor<?x3xf64>) -> tensor<?x2x3xf64> {
    %w = modular.parameter "hidden" init(he_normal) : tensor<3x4xf64>
    %v = modular.parameter "scores" init(glorot_uniform) : tensor<4x6xf64>
    %h = modular.linear %x, %w : tensor<?x3xf64>, tensor<3x4xf64> -> tensor<?x4xf64>
    %t = math.tanh %h : tensor<?x4xf64>
    %s = modular.linear %t, %v : tensor<?x4xf64>, tensor<4x6xf64> -> tensor<?x6xf64>
    %r = modular.reshape %s : tensor<?x6xf64> -> tensor<?x2x3xf64>
    modular.yield %r : tensor<?x2x3xf64>
  }
  modular.graph(%x: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %0 = modular.layer @mixed(%x : tensor<?x3xf64>) by @mlp(%x : tensor<?x3xf64>)
        choose 2 compose gated gate soft duplicates once name "first" -> tensor<?x3xf64>
    %1 = modular.softplus %0 : tensor<?x3xf64>
    %2 = arith.addf %1, %x : tensor<?x3xf64>
    %3 = modular.layer @mixed(%2 : tensor<?x3xf64>) by @mlp(%0 : tensor<?x3xf64>)
        choose 2 compose mean name "second" -> tensor<?x3xf64>
    %4 = modular.sigmoid %3 : tensor<?x3xf64>
    %5 = modular.apply @dense as "head"(%4) : (tensor<?x3xf64>) -> tensor<?x3xf64>
    modular.output %5 : tensor<?x3xf64>
  }
  modular.objective categorical
}

// A recurrence with a choice for every step.
modular.network @recurrent {
  modular.module @cell(%x: tensor<?x2xf64>, %h: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %u = modular.parameter "u" init(glorot_uniform) : tensor<2x3xf64>
    %w = modular.parameter "w" init(glorot_uniform) : tensor<3x3xf64>
    %b = modular.parameter "b" init(normal(0.0, 0.3)) : tensor<3xf64>
    %0 = modular.linear %x, %u, %b : tensor<?x2xf64>, tensor<2x3xf64>, tensor<3xf64> -> tensor<?x3xf64>
    %1 = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x3xf64> -> tensor<?x3xf64>
    %2 = arith.addf %0, %1 : tensor<?x3xf64>
    %y = math.tanh %2 : tensor<?x3xf64>
    modular.yield %y : tensor<?x3xf64>
  }
  modular.pool @cells [@cell x 2]
  modular.controller @router(%h: tensor<?x3xf64>) -> tensor<?x1x2xf64> {
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<3x2xf64>
    %s = modular.linear %h, %w : tensor<?x3xf64>, tensor<3x2xf64> -> tensor<?x2xf64>
    %r = modular.reshape %s : tensor<?x2xf64> -> tensor<?x1x2xf64>
    modular.yield %r : tensor<?x1x2xf64>
  }
  modular.graph(%xs: tensor<?x4x2xf64>, %h0: tensor<?x3xf64>) -> tensor<?x3xf64> {
    %h, %all = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf64>) over(%xt = %xs : tensor<?x4x2xf64>)
        -> tensor<?x3xf64>, tensor<?x4x3xf64> {
      %hn = modular.layer @cells(%xt : tensor<?x2xf64>, %hp : tensor<?x3xf64>) by @router(%hp : tensor<?x3xf64>)
          choose 1 compose sum -> tensor<?x3xf64>
      modular.yield %hn, %hn : tensor<?x3xf64>, tensor<?x3xf64>
    }
    modular.output %h : tensor<?x3xf64>
  }
  modular.objective laplace(scale = 0.5)
}
