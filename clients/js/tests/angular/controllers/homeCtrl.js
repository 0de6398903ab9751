myApp.controller('homeCtrl', function ($scope, jmqtService) {
  $scope.clientData = { clientName: 'angular' }
  $scope.channel = 'news'
  $scope.lines = []
  $scope.log = function (line) {
    $scope.lines.push(line)
  }

  $scope.connect = function () {
    jmqtService.auth({ client_name: $scope.clientData.clientName }).then(function (result) {
      if (result.status !== JMQT.statusCodes.OK) {
        $scope.log('authentication FAILED. Status ' + result.status + ', Message ' + result.msg)
        return
      }
      $scope.log('authentication OK')
      jmqtService.connect(result.clientId, result.token).then(function (connected) {
        $scope.log('connected: ' + connected.status)
      })
    })
  }

  $scope.subscribe = function () {
    jmqtService.sub($scope.channel, 1).then(function (result) {
      $scope.log('subscribed to ' + result.channel + ': ' + result.status)
    })
  }

  $scope.publish = function () {
    jmqtService.pub('answers', { text: 'from angular' }, 0, 1).then(function (result) {
      $scope.log('published: ' + result.status)
    })
  }

  $scope.leave = function () {
    jmqtService.disconnect(true)
    $scope.log('left')
  }

  $scope.$on('jmqt:push', function (event, packet) {
    $scope.log(packet.client + ' on ' + packet.channel + ': ' + packet.data.text)
  })

  $scope.$on('jmqt:disconnect', function (event, websockAddress) {
    $scope.log('lost ' + websockAddress)
  })
})
